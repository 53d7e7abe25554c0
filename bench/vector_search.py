"""The peer of bench/vector-search.mjs: the same search in faiss, IndexFlatIP.

`vector_search.py one|many`; needs faiss-cpu. Prints the milliseconds of the search and the peak memory; run by bench/run.mjs.
"""

import json
import os
import resource
import sys
import time

import faiss
import numpy as np

clock = time.perf_counter if os.environ.get("MS_CLOCK") == "wall" else time.process_time
faiss.omp_set_num_threads(int(os.environ.get("MS_THREADS", "1")))
random = np.random.default_rng(1)


def drawn(rows):
    data = random.standard_normal((rows, 384), dtype=np.float32)
    return data / np.linalg.norm(data, axis=1, keepdims=True)


index = faiss.IndexFlatIP(384)
index.add(drawn(100_000))
queries = drawn(200)
index.search(queries[:1], 10)
start = clock()
if sys.argv[1] == "many":
    index.search(queries, 10)
else:
    for i in range(len(queries)):
        index.search(queries[i : i + 1], 10)
elapsed = 1000 * (clock() - start)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(json.dumps({"searchMs": elapsed, "peakMb": round(peak)}))
