"""Golden values and gradients of the losses of labelled items, of sentence-transformers (batch-hard triplets) and PyTorch.

Needs torch and sentence-transformers (scripts/python-requirements.txt). Run from the repository root:
  python scripts/golden/labelled-losses.py
Writes packages/finetune/golden/labelled-losses.json.
"""

import json
from pathlib import Path

import torch
from sentence_transformers.sentence_transformer.losses import BatchHardSoftMarginTripletLoss, BatchHardTripletLoss
from sentence_transformers.sentence_transformer.losses.batch_hard_triplet import BatchHardTripletLossDistanceFunction as Distance

torch.manual_seed(5)
batch, dim = 8, 6
labels = [0, 1, 0, 2, 1, 1, 3, 0]
embeddings = torch.randn(batch, dim)
classifier = torch.nn.Linear(dim, 4)


def triplet(distance, margin):
    def value(x):
        loss = BatchHardTripletLoss(None, distance_metric=distance, margin=margin)
        return loss.batch_hard_triplet_loss(torch.tensor(labels), x)

    return value


def soft(x):
    loss = BatchHardSoftMarginTripletLoss(None, distance_metric=Distance.eucledian_distance)
    return loss.batch_hard_triplet_soft_margin_loss(torch.tensor(labels), x)


def supcon(temperature):
    """Khosla et al. 2020, equation 2, over the anchors that have a positive."""

    def value(x):
        z = torch.nn.functional.normalize(x)
        logits = z @ z.T / temperature
        terms = []
        for i in range(batch):
            others = [a for a in range(batch) if a != i]
            positives = [p for p in others if labels[p] == labels[i]]
            if positives:
                denominator = torch.logsumexp(logits[i, others], 0)
                terms.append(-(logits[i, positives] - denominator).mean())
        return torch.stack(terms).mean()

    return value


def softmax(x):
    logits = classifier(16 * torch.nn.functional.normalize(x))
    return torch.nn.functional.cross_entropy(logits, torch.tensor(labels))


cases = [
    ("batch-hard-triplet", {}, triplet(Distance.eucledian_distance, 5)),
    ("batch-hard-triplet", {"distance": "cosine", "margin": 0.3}, triplet(Distance.cosine_distance, 0.3)),
    ("batch-hard-triplet", {"margin": "soft"}, soft),
    ("supervised-contrastive", {}, supcon(0.1)),
    ("supervised-contrastive", {"temperature": 0.5}, supcon(0.5)),
    ("softmax-classifier", {}, softmax),
]


def numbers(tensor):
    return [round(value, 7) for value in tensor.flatten().tolist()]


results = []
for name, options, function in cases:
    x = embeddings.clone().requires_grad_()
    value = function(x)
    value.backward()
    results.append({"loss": name, "options": options, "value": round(value.item(), 7), "gradient": numbers(x.grad)})

golden = {
    "shape": [batch, dim],
    "labels": [f"class {label}" for label in labels],
    "embeddings": numbers(embeddings),
    "classifier": {"weight": numbers(classifier.weight.detach()), "bias": numbers(classifier.bias.detach())},
    "cases": results,
}
path = Path(__file__).parents[2] / "packages/finetune/golden/labelled-losses.json"
path.write_text(json.dumps(golden) + "\n")
print(path, path.stat().st_size)
