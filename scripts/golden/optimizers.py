"""Golden step sequences of torch.optim for @ms/finetune, and of transformers' schedules.

Needs torch and transformers (scripts/python-requirements.txt). Run from the repository root:
  python scripts/golden/optimizers.py
Writes packages/finetune/golden/optimizers.json.
"""

import json
from pathlib import Path

import torch
from transformers import (
    get_constant_schedule_with_warmup,
    get_cosine_schedule_with_warmup,
    get_linear_schedule_with_warmup,
)

STEPS = 60
torch.manual_seed(7)
initial = torch.randn(9)
# One weight that is never moved by its gradient, and gradients of very different sizes.
sizes = torch.tensor([1.0, 1e-3, 30.0, 0.1, 1.0, 5.0, 1e-5, 0.0, 1.0])
gradients = torch.round(torch.randn(STEPS, 9) * sizes * 1e7) / 1e7
rates = [0.05 * (1 - 0.5 * step / STEPS) for step in range(STEPS)]

cases = {
    "sgd": (torch.optim.SGD, {}, {}),
    "sgd-decay": (torch.optim.SGD, {"weight_decay": 0.1}, {"weightDecay": 0.1}),
    "sgd-momentum": (torch.optim.SGD, {"momentum": 0.9}, {"momentum": 0.9}),
    "sgd-dampening": (
        torch.optim.SGD,
        {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.02},
        {"momentum": 0.9, "dampening": 0.3, "weightDecay": 0.02},
    ),
    "sgd-nesterov": (
        torch.optim.SGD,
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.02},
        {"momentum": 0.8, "nesterov": True, "weightDecay": 0.02},
    ),
    "adam": (torch.optim.Adam, {}, {}),
    "adam-decay": (
        torch.optim.Adam,
        {"betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.1},
        {"betas": [0.8, 0.95], "epsilon": 1e-4, "weightDecay": 0.1},
    ),
    "adamw": (torch.optim.AdamW, {}, {}),
    "adamw-decay": (
        torch.optim.AdamW,
        {"betas": (0.9, 0.98), "eps": 1e-6, "weight_decay": 0.3},
        {"betas": [0.9, 0.98], "epsilon": 1e-6, "weightDecay": 0.3},
    ),
    "nadam": (torch.optim.NAdam, {}, {}),
    "nadam-decay": (
        torch.optim.NAdam,
        {"betas": (0.85, 0.99), "weight_decay": 0.1, "momentum_decay": 0.01},
        {"betas": [0.85, 0.99], "weightDecay": 0.1, "momentumDecay": 0.01},
    ),
    "adamax": (torch.optim.Adamax, {}, {}),
    "adamax-decay": (
        torch.optim.Adamax,
        {"betas": (0.85, 0.99), "eps": 1e-5, "weight_decay": 0.1},
        {"betas": [0.85, 0.99], "epsilon": 1e-5, "weightDecay": 0.1},
    ),
}


def values(tensor):
    return [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]


def run(optimizer_class, options, start, gradient_of):
    weight = torch.nn.Parameter(start.clone())
    optimizer = optimizer_class([weight], lr=rates[0], **options)
    path = []
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = rates[step]
        weight.grad = gradient_of(step)
        optimizer.step()
        path.append(values(weight))
    return path


sequences = [
    {
        "case": name,
        "rule": name.split("-")[0],
        "options": ours,
        "weights": run(optimizer_class, theirs, initial, lambda step: gradients[step].clone()),
    }
    for name, (optimizer_class, theirs, ours) in cases.items()
]

# Rows of a table: some steps touch a row again, some leave it out for long.
ROWS, WIDTH = 10, 3
table = torch.randn(ROWS, WIDTH)
touched = [sorted(torch.randperm(ROWS)[: 1 + int(torch.randint(0, 4, ()))].tolist()) for _ in range(STEPS)]
row_gradients = [torch.round(torch.randn(len(rows), WIDTH) * 1e5) / 1e5 for rows in touched]


def sparse_gradient(step):
    indices = torch.tensor([touched[step]])
    return torch.sparse_coo_tensor(indices, row_gradients[step].clone(), (ROWS, WIDTH))


sparse_options = {"betas": (0.9, 0.99), "eps": 1e-3}
sparse = {
    "shape": [ROWS, WIDTH],
    "initial": values(table),
    "options": {"betas": [0.9, 0.99], "epsilon": 1e-3},
    "rows": touched,
    "gradients": [values(gradient) for gradient in row_gradients],
    "weights": run(torch.optim.SparseAdam, sparse_options, table, sparse_gradient),
}

# Clipping: the norm, and the gradients afterwards.
clipped = [torch.tensor([3.0, -4.0, 12.0]), torch.tensor([[84.0, 0.0], [0.0, 0.0]])]
parameters = [torch.nn.Parameter(torch.zeros_like(gradient)) for gradient in clipped]
for parameter, gradient in zip(parameters, clipped):
    parameter.grad = gradient.clone()
norm = torch.nn.utils.clip_grad_norm_(parameters, 2.5)
clipping = {
    "gradients": [values(gradient) for gradient in clipped],
    "maxNorm": 2.5,
    "norm": float(norm),
    "after": [values(parameter.grad) for parameter in parameters],
}


def course(make, total):
    parameter = torch.nn.Parameter(torch.zeros(1))
    schedule = make(torch.optim.SGD([parameter], lr=1.0))
    factors = []
    for _ in range(total):
        factors.append(schedule.get_last_lr()[0])
        schedule.optimizer.step()
        schedule.step()
    return factors


schedules = [
    {"name": "constant", "options": {"warmup": 5}, "total": 20, "factors": course(lambda o: get_constant_schedule_with_warmup(o, 5), 20)},
    {"name": "linear", "options": {}, "total": 20, "factors": course(lambda o: get_linear_schedule_with_warmup(o, 0, 20), 20)},
    {"name": "linear", "options": {"warmup": 7}, "total": 30, "factors": course(lambda o: get_linear_schedule_with_warmup(o, 7, 30), 30)},
    {"name": "linear", "options": {"warmup": 0.1}, "total": 25, "factors": course(lambda o: get_linear_schedule_with_warmup(o, 3, 25), 25)},
    {"name": "cosine", "options": {"warmup": 4}, "total": 30, "factors": course(lambda o: get_cosine_schedule_with_warmup(o, 4, 30), 30)},
    {
        "name": "cosine",
        "options": {"warmup": 4, "cycles": 1.5},
        "total": 30,
        "factors": course(lambda o: get_cosine_schedule_with_warmup(o, 4, 30, num_cycles=1.5), 30),
    },
]

target = Path("packages/finetune/golden/optimizers.json")
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(
    json.dumps(
        {
            "torch": torch.__version__.split("+")[0],
            "rates": rates,
            "initial": values(initial),
            "gradients": [values(gradient) for gradient in gradients],
            "sequences": sequences,
            "sparse": sparse,
            "clipping": clipping,
            "schedules": schedules,
        }
    )
    + "\n"
)
