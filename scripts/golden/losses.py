"""Golden values and gradients of sentence-transformers' losses for @ms/finetune.

Needs torch and sentence-transformers (scripts/python-requirements.txt). Run from the repository root:
  python scripts/golden/losses.py
Writes packages/finetune/golden/losses.json.
"""

import json
from pathlib import Path

import torch
from sentence_transformers.sentence_transformer import losses

torch.manual_seed(11)
BATCH, DIM = 5, 4
columns = [torch.randn(BATCH, DIM) * (1 + c) for c in range(4)]
scores = torch.tensor([0.1, 0.9, 0.5, 0.5, 0.7])
both = {"directions": ("query_to_doc", "doc_to_query"), "partition_mode": "per_direction"}
cases = [
    ("mnrl", 2, lambda: losses.MultipleNegativesRankingLoss(None), {}),
    ("mnrl", 2, lambda: losses.MultipleNegativesRankingLoss(None, scale=7.0), {"scale": 7}),
    ("mnrl", 3, lambda: losses.MultipleNegativesRankingLoss(None), {}),
    ("mnrl", 4, lambda: losses.MultipleNegativesRankingLoss(None), {}),
    ("mnrl", 2, lambda: losses.MultipleNegativesRankingLoss(None, **both), {"symmetric": True}),
    ("mnrl", 3, lambda: losses.MultipleNegativesRankingLoss(None, **both), {"symmetric": True}),
    ("triplet", 3, lambda: losses.TripletLoss(None), {}),
    (
        "triplet",
        3,
        lambda: losses.TripletLoss(None, distance_metric=losses.TripletDistanceMetric.COSINE, triplet_margin=0.4),
        {"distance": "cosine", "margin": 0.4},
    ),
    ("cosine", 2, lambda: losses.CosineSimilarityLoss(None), {}),
    ("cosent", 2, lambda: losses.CoSENTLoss(None), {}),
    ("cosent", 2, lambda: losses.CoSENTLoss(None, scale=5.0), {"scale": 5}),
]


def values(tensor):
    return [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]


def run(name, count, create, options):
    leaves = [column.clone().requires_grad_() for column in columns[:count]]
    loss = create().compute_loss_from_embeddings(leaves, scores)
    loss.backward()
    return {
        "loss": name,
        "columns": count,
        "options": options,
        "value": loss.item(),
        "gradients": [values(leaf.grad) for leaf in leaves],
    }


target = Path("packages/finetune/golden/losses.json")
target.parent.mkdir(parents=True, exist_ok=True)
result = {
    "shape": [BATCH, DIM],
    "columns": [values(column) for column in columns],
    "scores": [0.1, 0.9, 0.5, 0.5, 0.7],
    "cases": [run(*case) for case in cases],
}
target.write_text(json.dumps(result) + "\n")
