"""
Writes packages/backbones/golden/torch/*.pth: what torch.save makes of small state dicts, in its zip format and in the one before, and
beside them *.json with their numbers.

    pip install torch && python scripts/golden/torch-checkpoints.py
"""

import collections
import json
import pathlib

import torch

TARGET = pathlib.Path(__file__).parents[2] / "packages/backbones/golden/torch"
TARGET.mkdir(parents=True, exist_ok=True)

shared = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) / 8 - 1
state = collections.OrderedDict(
    contiguous=shared,
    part_of_the_same=shared[1],
    transposed=shared.permute(2, 0, 1),
    every_second=shared[:, ::2, 1:3],
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(torch.tensor([1.5, -2.0])),
    half=torch.tensor([0.333251953125, -65504.0], dtype=torch.float16),
    brain=torch.tensor([3.140625, -1.0], dtype=torch.bfloat16),
    double=torch.tensor([1 / 3], dtype=torch.float64),
    num_batches_tracked=torch.tensor(7),
    int32=torch.tensor([-5, 6], dtype=torch.int32),
    int16=torch.tensor([-5, 6], dtype=torch.int16),
    int8=torch.tensor([-5, 6], dtype=torch.int8),
    bytes=torch.tensor([250, 6], dtype=torch.uint8),
    flags=torch.tensor([True, False]),
)
state._metadata = collections.OrderedDict({"": {"version": 1}})
nested = {"epoch": 3, "arch": "resnet50", "state_dict": {f"module.{key}": value for key, value in state.items()}, "loss": 0.5, "best": None}

for name, value, options in [
    ("zip", state, {}),
    ("zip-protocol-4", state, {"pickle_protocol": 4}),
    ("legacy", state, {"_use_new_zipfile_serialization": False}),
    ("nested", nested, {}),
]:
    torch.save(value, TARGET / f"{name}.pth", **options)
values = {key: {"shape": list(value.shape), "values": value.detach().double().reshape(-1).tolist()} for key, value in state.items()}
(TARGET / "values.json").write_text(json.dumps(values) + "\n")
for file in sorted(TARGET.iterdir()):
    print(file.name, file.stat().st_size)
