"""The peer of bench/encode-int8.mjs: sentence-transformers in float32 on one thread.

Needs sentence-transformers. Prints the CPU seconds of one pass, the best of three; run through encode-int8.mjs.
"""

import json
import sys
import time

import torch
from sentence_transformers import SentenceTransformer

torch.set_num_threads(1)
model = SentenceTransformer(sys.argv[1], device="cpu")
texts = json.load(open(sys.argv[2], encoding="utf-8"))
model.encode(texts[:64], batch_size=32)
times = []
for _ in range(3):
    start = time.process_time()
    model.encode(texts, batch_size=32)
    times.append(time.process_time() - start)
print(min(times))
