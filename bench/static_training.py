"""The peer of bench/static-training.mjs: the same training in PyTorch (EmbeddingBag with sparse gradients, SparseAdam).

`static_training.py ROWS WIDTH TOKENS BATCH STEPS`; needs torch. Prints the milliseconds of each step and the peak memory; run by bench/run.mjs.
"""

import json
import os
import resource
import sys
import time

import torch
import torch.nn.functional as F

vocabulary, dim, tokens, batch, steps = (int(value) for value in sys.argv[1:6])
clock = time.perf_counter if os.environ.get("MS_CLOCK") == "wall" else time.process_time
torch.set_num_threads(int(os.environ.get("MS_THREADS", "1")))
torch.manual_seed(1)


def draw():
    """Token ids by Zipf's law, P(rank) ∝ 1 / (rank + 2.7)."""
    uniform = torch.rand(batch * 10 * tokens, dtype=torch.float64)
    ids = 2.7 * (((vocabulary + 2.7) / 2.7) ** uniform - 1)
    return ids.long().clamp(max=vocabulary - 1).reshape(-1, tokens)


columns = [draw(), draw()]
table = torch.nn.EmbeddingBag(vocabulary, dim, mode="mean", sparse=True)
optimizer = torch.optim.SparseAdam(table.parameters(), lr=0.01)
offsets = torch.arange(0, batch * tokens, tokens)
targets = torch.arange(batch)
times = []
for step in range(steps):
    if step % 10 == 0:
        order = torch.randperm(batch * 10)
    start = clock()
    chosen = order[step % 10 * batch : (step % 10 + 1) * batch]
    anchors, positives = (F.normalize(table(column[chosen].flatten(), offsets)) for column in columns)
    loss = F.cross_entropy(anchors @ positives.T * 20, targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    loss.item()
    times.append(1000 * (clock() - start))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(json.dumps({"stepMs": times[10:], "peakMb": round(peak)}))
