"""The peer of bench/minilm-training.mjs: python minilm_training.py uniform|uniform-dropout|real|real-eval MODEL DATA STEPS [BATCH].

`uniform` is the network alone on batches of 64 tokens with torch.optim.Adam, dense gradients, `uniform-dropout`
the same in train mode; `real` is sentence-transformers'
model, tokenizer and loss in its own train mode (dropout on, as the checkpoint says), `real-eval` the same without dropout.
BENCH_DEVICE=cuda: `uniform` on a GPU, in float32.
Needs torch and sentence-transformers. Prints one line of JSON; run through bench/run.mjs.
"""

import json
import os
import random
import resource
import sys
import time

clock = time.perf_counter if os.environ.get("MS_CLOCK") == "wall" else time.process_time

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import cos_sim

kind, path, data, count = sys.argv[1:5]
steps, batch_size = int(count), int(sys.argv[5]) if len(sys.argv) > 5 else 32
device = os.environ.get("BENCH_DEVICE", "cpu")
torch.set_num_threads(int(os.environ.get("MS_THREADS", "1")))
torch.manual_seed(1)
model = SentenceTransformer(path, device=device)
model.train(kind != "real-eval")


def real_batches():
    texts, queries = {}, {}
    for line in open(data + "/corpus.jsonl"):
        item = json.loads(line)
        texts[item["_id"]] = (item.get("title", "") + " " + item["text"]).strip()
    for line in open(data + "/queries.jsonl"):
        item = json.loads(line)
        queries[item["_id"]] = item["text"]
    pairs = [line.split("\t")[:2] for line in open(data + "/qrels/train.tsv")][1:]
    random.Random(7).shuffle(pairs)
    used, chosen = set(), []
    for query, document in pairs:
        if query in used or document in used:
            continue
        used.update((query, document))
        chosen.append((queries[query], texts[document]))
    return [chosen[i * batch_size : (i + 1) * batch_size] for i in range(steps)]


tokenize = getattr(model, "preprocess", None) or model.tokenize
if kind.startswith("uniform"):
    model.train(kind == "uniform-dropout")
    ids = torch.randint(1000, 30000, (steps, 2, batch_size, 64)).to(device)
    mask = torch.ones(batch_size, 64, dtype=torch.long).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-5)
    embed = lambda step: [model({"input_ids": ids[step, i], "attention_mask": mask})["sentence_embedding"] for i in (0, 1)]
else:
    batches = real_batches()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.01)
    embed = lambda step: [model(tokenize(list(column)))["sentence_embedding"] for column in zip(*batches[step])]

times, losses = [], []
for step in range(steps):
    start = clock()
    anchors, positives = embed(step)
    loss = torch.nn.functional.cross_entropy(cos_sim(anchors, positives) * 20, torch.arange(batch_size, device=device))
    optimizer.zero_grad()
    loss.backward()
    if not kind.startswith("uniform"):
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    losses.append(loss.item())
    times.append((clock() - start) * 1000)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(json.dumps({"startMs": times[0], "stepMs": times[1:], "losses": losses, "peakMb": round(peak)}))
