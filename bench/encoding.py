"""The peers of bench/encoding.mjs: python encoding.py transformer|load|static|model2vec MODEL TEXTS.

`transformer`, `load` and `static` are sentence-transformers (batches of 32 as by default; tables: 256), `model2vec` is model2vec.
Needs both, and torch. Prints one line of JSON; run through bench/run.mjs.
"""

import json
import os
import resource
import sys
import time

clock = time.perf_counter if os.environ.get("MS_CLOCK") == "wall" else time.process_time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
kind, path, texts = sys.argv[1], sys.argv[2], json.load(open(sys.argv[3]))
threads = int(os.environ.get("MS_THREADS", "1"))

start = clock()
import numpy

if kind == "model2vec":
    from model2vec import StaticModel
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path + "/tokenizer.json")
    vectors = numpy.random.default_rng(1).standard_normal((tokenizer.get_vocab_size(), 256), dtype=numpy.float32)
    model = StaticModel(vectors, tokenizer, normalize=False)
    encode = lambda batch: model.encode(batch, use_multiprocessing=False, max_length=None)
else:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    if kind == "static":
        from sentence_transformers.models import StaticEmbedding
        from tokenizers import Tokenizer

        model = SentenceTransformer(modules=[StaticEmbedding(Tokenizer.from_file(path + "/tokenizer.json"), embedding_dim=256)], device="cpu")
        encode = lambda batch: model.encode(batch, batch_size=256)
    else:
        model = SentenceTransformer(path, device="cpu")
        encode = lambda batch: model.encode(batch, batch_size=32)
encode(["warm up", "and a second, longer text to warm up with"])
start_ms = (clock() - start) * 1000
start = clock()
if kind != "load":
    encode(texts)
encode_ms = (clock() - start) * 1000
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(json.dumps({"startMs": start_ms, "encodeMs": encode_ms, "textsPerSecond": len(texts) / max(encode_ms, 1e-9) * 1000, "peakMb": round(peak)}))
