"""Golden values of retrieval metrics: trec_eval's, through pytrec_eval, on a random run with ties and graded judgements.

Needs: pytrec_eval-terrier (scripts/python-requirements.txt).
Run:   python scripts/golden/trec-eval.py > packages/finetune/golden/trec-eval.json
"""

import json
import random

import pytrec_eval

random.seed(20021)
documents = [f"d{i}" for i in range(60)]
qrels, run = {}, {}
for q in range(25):
    query = f"q{q}"
    judged = random.sample(documents, random.randint(1, 12))
    qrels[query] = {d: random.choice([0, 0, 1, 1, 2, 3]) for d in judged}
    qrels[query][judged[0]] = random.choice([1, 2, 3])  # at least one relevant document
    found = random.sample(documents, random.randint(0, 50))
    # Few distinct scores make ties; differences below single precision are ties to trec_eval too.
    run[query] = {d: random.choice([0.25, 0.5, 0.5 + 1e-9, 0.75, 1.0, -1.0]) for d in found}
run["q24"] = {}

measures = {"ndcg_cut.1,3,10", "recall.5,10,100", "map", "map_cut.10", "P.5", "success.1,5", "recip_rank"}
values = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
values.setdefault("q24", {})
print(json.dumps({"qrels": qrels, "run": run, "values": values}))
