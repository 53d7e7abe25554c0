"""Golden values and gradients of torch's picture ops for @ms/runtime.

Needs torch (scripts/python-requirements.txt). Run from the repository root:
  python scripts/golden/picture-ops.py
Writes packages/runtime/golden/picture-ops.json. Pictures are written channels last.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

torch.manual_seed(5)


def values(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{x:.7g}") for x in tensor.detach().flatten().tolist()]}


def rounded(tensor):
    """With two digits: what a file holds in a few bytes, exactly."""
    return (tensor.detach() * 100).round() / 100


def last(x):
    return x.permute(0, 2, 3, 1).contiguous()


def case(op, x, function, options, **tensors):
    """Value, and gradients of a sum whose factors are cos(1), cos(2), … over the value, channels last."""
    x = rounded(x).requires_grad_()
    tensors = {name: rounded(t).requires_grad_() for name, t in tensors.items()}
    y = function(x, *tensors.values())
    flat = (last(y) if y.dim() == 4 else y).flatten()
    (flat * torch.cos(torch.arange(1, flat.numel() + 1, dtype=torch.float32))).sum().backward()
    shown = last if x.dim() == 4 else (lambda t: t)
    result = {"op": op, "options": options, "x": values(shown(x)), "y": values(last(y) if y.dim() == 4 else y)}
    result["tensors"] = {name: values(t) for name, t in tensors.items()}
    result["gradients"] = {"x": values(shown(x.grad)), **{name: values(t.grad) for name, t in tensors.items()}}
    return result


def conv(size, filters, options, groups=1, channels=3, kernel=(3, 3), batch=1):
    x = torch.randn(batch, channels, *size)
    filter = torch.randn(filters, channels // groups, *kernel)
    names = {"stride": options.get("stride", 1), "dilation": options.get("dilation", 1), "groups": groups}
    padding = options.get("padding", 0)
    if isinstance(padding, dict):
        around = (padding["left"], padding["right"], padding["top"], padding["bottom"])
        function = lambda x, f: F.conv2d(F.pad(x, around), f, **names)
    else:
        function = lambda x, f: F.conv2d(x, f, padding=padding, **names)
    return case("conv2d", x, function, {**options, "groups": groups}, filter=filter)


def pool(size, options):
    names = {"kernel_size": options["size"], "stride": options.get("stride"), "padding": options.get("padding", 0)}
    names["ceil_mode"] = options.get("ceil", False)
    return [
        case("maxPool2d", torch.randn(1, 1, *size), lambda x: F.max_pool2d(x, **names), options),
        *(
            case(
                "avgPool2d",
                torch.randn(1, 1, *size),
                lambda x, count=count: F.avg_pool2d(x, **names, count_include_pad=count),
                {**options, "countPad": count},
            )
            for count in (True, False)
        ),
    ]


def resize(size, target, method, antialias=False):
    function = lambda x: F.interpolate(x, size=target, mode=method, align_corners=False, antialias=antialias)
    return case("resize2d", torch.randn(1, 1, *size), function, {"size": target, "method": method, "antialias": antialias})


def pad(around, mode):
    options = {"padding": dict(zip(("left", "right", "top", "bottom"), around, strict=True)), "mode": mode}
    return case("pad2d", torch.randn(1, 2, 4, 5), lambda x: F.pad(x, around, mode=mode), options)


def batch_norm(training):
    x = torch.randn(3, 4, 2, 5) * 2 + 1
    mean, variance = torch.randn(4), torch.rand(4) + 0.5
    running = (mean.clone(), variance.clone())
    function = lambda x, w, b: F.batch_norm(x, *running, w, b, training=training, momentum=1.0, eps=1e-3)
    result = case("batchNormTraining" if training else "batchNorm", x, function, {"epsilon": 1e-3}, scale=torch.randn(4), offset=torch.randn(4))
    result["statistics"] = {"mean": values(running[0]), "variance": values(running[1])}
    return result


points = torch.tensor([-9.0, -3.1, -2.9, -1.0, -0.2, 0.1, 0.9, 2.5, 3.2, 5.9, 6.1, 8.0])
activations = {
    "relu6": F.relu6,
    "hardSigmoid": F.hardsigmoid,
    "hardSwish": F.hardswish,
    "silu": F.silu,
    "quickGelu": lambda x: x * torch.sigmoid(1.702 * x),
}

cases = [
    conv((5, 6), 4, {}),
    conv((5, 6), 4, {"stride": 2, "padding": 1}, batch=2),
    conv((7, 8), 4, {"stride": [2, 1], "padding": [1, 2]}, kernel=(3, 2)),
    conv((6, 5), 2, {"stride": 2, "padding": {"top": 0, "bottom": 1, "left": 1, "right": 2}}),
    conv((8, 7), 2, {"dilation": 2, "padding": 2}),
    conv((9, 8), 2, {"dilation": [2, 3], "stride": 2, "padding": 3}),
    conv((5, 5), 4, {}, kernel=(1, 1)),
    conv((5, 4), 4, {"stride": 2}, kernel=(1, 1)),
    conv((5, 6), 3, {"padding": 1}, groups=3),
    conv((6, 6), 6, {"padding": 2, "stride": 2}, groups=3, kernel=(5, 5)),
    conv((7, 7), 3, {"padding": 2, "dilation": 2}, groups=3),
    conv((5, 6), 6, {"padding": 1, "stride": 2}, groups=2, channels=4),
    *pool((6, 7), {"size": 2}),
    *pool((7, 6), {"size": 3, "stride": 2, "padding": 1}),
    *pool((6, 7), {"size": [3, 2], "stride": [2, 2], "padding": [1, 0], "ceil": True}),
    *pool((8, 5), {"size": 3, "stride": 2, "ceil": True}),
    resize((3, 4), (7, 5), "bilinear"),
    resize((6, 5), (3, 3), "bilinear"),
    resize((3, 4), (7, 5), "bicubic"),
    resize((6, 5), (4, 3), "bicubic"),
    resize((6, 5), (4, 3), "bilinear", True),
    resize((6, 5), (4, 7), "bicubic", True),
    pad((1, 2, 3, 0), "reflect"),
    pad((1, 2, 0, 2), "replicate"),
    pad((0, 1, 2, 0), "constant"),
    batch_norm(False),
    batch_norm(True),
    *(case(name, points, function, {}) for name, function in activations.items()),
]

path = Path("packages/runtime/golden/picture-ops.json")
path.parent.mkdir(exist_ok=True)
lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases)
path.write_text(f"[\n{lines}\n]\n")
