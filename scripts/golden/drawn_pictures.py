"""
Pictures that are drawn by a program with whole numbers only, so that the tests draw the same ones
(packages/backbones/src/fixtures/draw-picture.ts).
"""

import numpy as np
from seeded_weights import seeded_uniform

SIZE = 224


def draw_picture(number: int) -> np.ndarray:
    """`[224, 224, 3]` uint8: a background that changes from top to bottom, and six discs, boxes and striped boxes on it."""
    drawn = iter((seeded_uniform(f"picture {number}", 64) * 256).astype(int).tolist())

    def colour() -> np.ndarray:
        return np.array([next(drawn) for _ in range(3)])

    y, x = np.mgrid[0:SIZE, 0:SIZE]
    top, bottom = colour(), colour()
    picture = top + (bottom - top) * y[..., None] // (SIZE - 1)
    for _ in range(6):
        kind, paint = next(drawn) % 3, colour()
        left, upper, reach = next(drawn) * SIZE // 256, next(drawn) * SIZE // 256, 16 + next(drawn) // 4
        across, down = x - left, y - upper
        if kind == 0:
            inside = across * across + down * down < reach * reach
        else:
            inside = (np.abs(across) < reach) & (np.abs(down) < reach)
        if kind == 2:
            inside &= (x + y) // 8 % 2 == 0
        picture[inside] = paint
    return picture.astype(np.uint8)
