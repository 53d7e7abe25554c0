"""
Writes packages/backbones/golden/pictures.json: what PIL makes of a picture that both sides compute, at other sizes and with
every kernel: whole, and of a region. Deterministic.

    pip install pillow numpy && python scripts/golden/pictures.py
"""

import base64
import json
import pathlib

import numpy
from PIL import Image

TARGET = pathlib.Path(__file__).parents[2] / "packages/backbones/golden/pictures.json"
KERNELS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3}


def drawing(width: int, height: int) -> numpy.ndarray:
    """Soft hills with a few hard edges; `drawing` of pictures.test.ts."""
    y, x = numpy.mgrid[0:height, 0:width]
    pixels = numpy.empty((height, width, 3), numpy.uint8)
    for channel in range(3):
        hills = (x * (3 + channel) + y * 5) % 256
        folded = numpy.where(hills < 128, hills, 255 - hills)
        bar = ((x // 9 + y // 7 + channel) % 3 == 0) * 90
        pixels[:, :, channel] = folded + bar
    return pixels


cases = []
for width, height, targets in ((60, 40, [(24, 16), (66, 45), (60, 20)]), (23, 31, [(23, 40), (11, 9)])):
    picture = Image.fromarray(drawing(width, height))
    for target in targets:
        for name, number in KERNELS.items():
            for box in (None, (3.5, 2.25, width - 6.25, height - 4.5)):
                pixels = numpy.asarray(picture.resize(target, number, box=box))
                cases.append(
                    {"from": [width, height], "to": target, "kernel": name, "box": box, "pixels": base64.b64encode(pixels.tobytes()).decode()}
                )
# Only two sizes with a region, to keep the file small.
cases = [case for case in cases if case["box"] is None or case["to"] in ((24, 16), (23, 40))]
TARGET.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
print(TARGET.stat().st_size, "bytes,", len(cases), "cases")
