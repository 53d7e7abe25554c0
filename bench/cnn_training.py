"""The peer of bench/cnn-training.mjs: the same training in PyTorch.

`cnn_training.py resnet-50|small frozen|batch STEPS`; needs torch. Prints the milliseconds of each step and the peak memory; run by bench/run.mjs.
"""

import json
import os
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

name, mode, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
clock = time.perf_counter if os.environ.get("MS_CLOCK") == "wall" else time.process_time
torch.set_num_threads(int(os.environ.get("MS_THREADS", "1")))
torch.manual_seed(1)


class Layer(nn.Module):
    def __init__(self, inputs, out, kernel, stride):
        super().__init__()
        self.conv = nn.Conv2d(inputs, out, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(out)

    def forward(self, x):
        return self.norm(self.conv(x))


# Batch, size; width and kernel of the stem, and whether pooling follows; kernels of a block, its expansion; width, blocks, stride of a stage.
NETWORKS = {
    "resnet-50": (8, 224, (64, 7, True), (1, 3, 1), 4, ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))),
    "small": (32, 64, (32, 3, False), (3, 3), 1, ((32, 1, 1), (64, 1, 2), (128, 1, 2), (192, 1, 2))),
}
BATCH, SIZE, STEM, KERNELS, EXPANSION, STAGES = NETWORKS[name]


class Block(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        out, last = EXPANSION * width, len(KERNELS) - 1
        self.layers = nn.ModuleList(
            Layer(width if j else inputs, out if j == last else width, kernel, stride if j == KERNELS.index(3) else 1)
            for j, kernel in enumerate(KERNELS)
        )
        self.down = None if inputs == out and stride == 1 else Layer(inputs, out, 1, stride)

    def forward(self, x):
        y = x
        for layer in self.layers[:-1]:
            y = F.relu(layer(y))
        return F.relu(self.layers[-1](y) + (self.down(x) if self.down else x))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        channels, kernel, self.pooled = STEM
        self.stem = Layer(3, channels, kernel, 2)
        blocks = []
        for width, count, stride in STAGES:
            for i in range(count):
                blocks.append(Block(channels, width, 1 if i else stride))
                channels = EXPANSION * width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(channels, 10)

    def forward(self, x):
        y = F.relu(self.stem(x))
        return self.head(self.blocks(F.max_pool2d(y, 3, 2, 1) if self.pooled else y).mean((2, 3)))


network = Network()
network.train(mode == "batch")
optimizer = torch.optim.SGD(network.parameters(), 1e-4, momentum=0.9)
x, labels = torch.randn(BATCH, 3, SIZE, SIZE), torch.arange(BATCH) % 10
times = []
for _ in range(steps + 1):
    start = clock()
    optimizer.zero_grad()
    loss = F.cross_entropy(network(x), labels)
    loss.backward()
    optimizer.step()
    loss.item()
    times.append(1000 * (clock() - start))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(json.dumps({"stepMs": times[1:], "peakMb": round(peak)}))
