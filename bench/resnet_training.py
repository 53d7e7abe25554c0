"""The peer of bench/resnet-training.mjs: the same training in PyTorch.

`resnet_training.py frozen|batch STEPS`; needs torch. Prints the milliseconds of each step and the peak memory; run by bench/run.mjs.
"""

import json
import os
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

mode, steps = sys.argv[1], int(sys.argv[2])
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


class Block(nn.Module):
    def __init__(self, inputs, width, stride, first):
        super().__init__()
        self.a, self.b, self.c = Layer(inputs, width, 1, 1), Layer(width, width, 3, stride), Layer(width, 4 * width, 1, 1)
        self.down = Layer(inputs, 4 * width, 1, stride) if first else None

    def forward(self, x):
        y = self.c(F.relu(self.b(F.relu(self.a(x)))))
        return F.relu(y + (self.down(x) if self.down else x))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = Layer(3, 64, 7, 2)
        blocks, channels = [], 64
        for width, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
            for i in range(count):
                blocks.append(Block(channels, width, 1 if i else stride, i == 0))
                channels = 4 * width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(channels, 10)

    def forward(self, x):
        return self.head(self.blocks(F.max_pool2d(F.relu(self.stem(x)), 3, 2, 1)).mean((2, 3)))


network = Network()
network.train(mode == "batch")
optimizer = torch.optim.SGD(network.parameters(), 1e-4, momentum=0.9)
x, labels = torch.randn(8, 3, 224, 224), torch.arange(8) % 10
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
