"""
Writes packages/backbones/golden/convolutional/*.json: small convolutional networks of torchvision, timm, transformers and
efficientnet-lite-pytorch, with what they compute (in double precision) after every stage, evaluating and training. The weights are made from their names
(seeded_weights.py), so only names and shapes are written.

    pip install torch torchvision timm transformers efficientnet-lite-pytorch numpy && python scripts/golden/convolutional.py

torchvision from PyPI is built for GPUs; beside a torch for CPUs its operators for boxes cannot be loaded, which nothing here needs:
`declare_box_operators` lets it be imported all the same.
"""

import base64
import json
import pathlib
import sys

import numpy as np
import torch
from seeded_weights import seeded_uniform, seeded_weight
from torch import nn

TARGET = pathlib.Path(__file__).parents[2] / "packages/backbones/golden/convolutional"
BATCH, SIZE, CLASSES = 3, 64, 5
# Of every map so many values are written, at equal distances.
SAMPLES = 160


def declare_box_operators() -> None:
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    globals()["_keep"] = library


try:
    import torchvision
except RuntimeError:
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
    declare_box_operators()
    import torchvision

import timm  # noqa: E402
import transformers  # noqa: E402
from efficientnet_lite_pytorch import EfficientNet as LiteNetwork  # noqa: E402
from efficientnet_lite_pytorch.utils import get_model_params  # noqa: E402
from timm.models import efficientnet as timm_efficientnet  # noqa: E402
from timm.models import resnet as timm_resnet  # noqa: E402
from torchvision.models import efficientnet as tv_efficientnet  # noqa: E402
from torchvision.models import vgg as tv_vgg  # noqa: E402


def encode(values: torch.Tensor) -> str:
    flat = values.detach().reshape(-1).numpy().astype("<f4")
    places = np.arange(min(SAMPLES, len(flat))) * len(flat) // min(SAMPLES, len(flat))
    return base64.b64encode(flat[places].tobytes()).decode()


def maps_of(model: nn.Module, stages: list, pixels: torch.Tensor) -> tuple[list[torch.Tensor], object]:
    """Outputs of the modules in `stages` (or of what a function makes of a module's output), channels last."""
    found: list[torch.Tensor] = [None] * len(stages)
    hooks = []
    for i, stage in enumerate(stages):
        module, after = stage if isinstance(stage, tuple) else (stage, lambda x: x)

        def keep(_module, _inputs, output, i=i, after=after):
            found[i] = after(output).clone().permute(0, 2, 3, 1).contiguous()

        hooks.append(module.register_forward_hook(keep))
    with torch.no_grad():
        result = model(pixels)
    for hook in hooks:
        hook.remove()
    return found, result


def write(name: str, config: dict, model: nn.Module, stages: list, momentum: float | None = None, size: int = SIZE) -> None:
    state = {key: value for key, value in model.state_dict().items() if not key.endswith("num_batches_tracked")}
    model.load_state_dict({key: torch.from_numpy(seeded_weight(key, tuple(value.shape))) for key, value in state.items()}, strict=False)
    shape = (BATCH, size, size, 3)
    pixels = torch.from_numpy((2 * seeded_uniform("pixel_values", int(np.prod(shape))) - 1).astype(np.float32).reshape(shape))
    # In double precision, so that what is compared is the error of one side only.
    pixels = pixels.permute(0, 3, 1, 2).contiguous().double()
    model.double()

    maps, result = maps_of(model.eval(), stages, pixels)
    golden = {"config": config, "shape": shape, "classes": CLASSES}
    golden["keys"] = {key: list(value.shape) for key, value in state.items()}
    golden["shapes"] = [list(each.shape) for each in maps]
    golden["eval"] = [encode(each) for each in maps]
    golden["logits"] = encode(result if torch.is_tensor(result) else result.logits)

    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0
        if isinstance(module, nn.BatchNorm2d) and momentum is not None:
            module.momentum = momentum
    norms = [key for key, value in state.items() if key.endswith(("running_mean", "running_var"))]
    if norms:
        maps, _ = maps_of(model.train(), stages, pixels)
        golden["train"] = [encode(each) for each in maps]
        after = model.state_dict()
        chosen = [*norms[:2], *norms[len(norms) // 4 * 2 :][:2], *norms[-2:]]
        golden["statistics"] = {key: encode(after[key]) for key in dict.fromkeys(chosen)}
    file = TARGET / f"{name}.json"
    file.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(file.name, file.stat().st_size, "bytes,", sum(value.numel() for value in state.values()), "numbers")


# VGG: torchvision's own parts, with a small classifier.
VGG_CHANNELS = [[4], [6], [8, 8], [8, 7], [10, 9]]


def vgg(batch_norm: bool) -> tuple[nn.Module, list]:
    plan = [entry for stage in VGG_CHANNELS for entry in (*stage, "M")]
    model = tv_vgg.VGG(tv_vgg.make_layers(plan, batch_norm), num_classes=CLASSES)
    model.avgpool = nn.AdaptiveAvgPool2d(2)
    model.classifier = nn.Sequential(
        nn.Linear(9 * 4, 11), nn.ReLU(), nn.Dropout(), nn.Linear(11, 11), nn.ReLU(), nn.Dropout(), nn.Linear(11, CLASSES)
    )
    pools = [module for module in model.features if isinstance(module, nn.MaxPool2d)]
    return model, pools


def vgg_config(batch_norm: bool, **more) -> dict:
    return {"model_type": "vgg", "channels": VGG_CHANNELS, "batch_norm": batch_norm, "fc_size": 11, "fc_grid": 2, **more}


def transformers_resnet(**options) -> tuple[dict, nn.Module, list]:
    config = transformers.ResNetConfig(num_labels=CLASSES, **options)
    model = transformers.ResNetForImageClassification(config)
    return config.to_diff_dict() | options, model, [model.resnet.embedder, *model.resnet.encoder.stages]


def timm_stages(model: nn.Module) -> list:
    head = [model.bn2] if hasattr(model, "bn2") else []
    return [model.bn1, *model.blocks, *head]


def feature_stages(model: nn.Module, ends: list[int]) -> list:
    return [model.features[end] for end in ends]


TARGET.mkdir(parents=True, exist_ok=True)
write("vgg-torchvision", vgg_config(False), *vgg(False))
write("vgg-bn-torchvision", vgg_config(True), *vgg(True))

basic = dict(embedding_size=12, hidden_sizes=[12, 16, 20], depths=[1, 2, 1], layer_type="basic")
write("resnet-basic-transformers", *transformers_resnet(**basic))
early = dict(embedding_size=8, hidden_sizes=[16, 20, 32], depths=[2, 1, 1], layer_type="bottleneck", downsample_in_bottleneck=True)
write("resnet-bottleneck-transformers", *transformers_resnet(**early))

# The stem of ResNets for small pictures (CIFAR's, without its stride of 1): three pixels wide, and no pool.
config, model, stages = transformers_resnet(**basic)
model.resnet.embedder.embedder.convolution = nn.Conv2d(3, 12, 3, stride=2, padding=1, bias=False)
model.resnet.embedder.pooler = nn.Identity()
write("resnet-small-stem-transformers", config | {"stem_kernel_size": 3, "stem_pooling": False}, model, stages)


def resnext() -> tuple[dict, nn.Module, list]:
    channels, depths = [4, 8, 8, 12], [1, 2, 1, 1]
    options = dict(layers=depths, channels=channels, cardinality=4, base_width=24, num_classes=CLASSES)
    model = timm_resnet.ResNet(timm_resnet.Bottleneck, **options)
    config = dict(model_type="resnet", hidden_sizes=[4 * n for n in channels], depths=depths, groups=4, width_per_group=24)
    return config, model, [model.maxpool, model.layer1, model.layer2, model.layer3, model.layer4]


write("resnext-timm", *resnext())

v2 = torchvision.models.mobilenet_v2(width_mult=0.2, num_classes=CLASSES)
v2_config = dict(model_type="mobilenet_v2", depth_multiplier=0.2, tf_padding=False, layer_norm_eps=1e-5)
write("mobilenet-v2-torchvision", v2_config, v2, feature_stages(v2, [0, 1, 3, 6, 10, 13, 16, 17, 18]))
v2 = timm.create_model("mobilenetv2_035", num_classes=CLASSES)
write("mobilenet-v2-timm", dict(architecture="mobilenetv2_035"), v2, timm_stages(v2))
# Larger pictures: with 2 × 2 places the last norms see so few values that float32 loses two to three digits more.
# transformers gives torch the momenta of TensorFlow, which counts the other way (and gives none to some norms), so it is set here.
v2_transformers = transformers.MobileNetV2Config(depth_multiplier=0.3, num_labels=CLASSES)
v2 = transformers.MobileNetV2ForImageClassification(v2_transformers)
base = v2.mobilenet_v2
ends = [base.layer[i] for i in (1, 4, 8, 11, 14, 15)]
v2_stages = [base.conv_stem.first_conv, base.conv_stem, *ends, base.conv_1x1]
write("mobilenet-v2-transformers", v2_transformers.to_dict(), v2, v2_stages, momentum=0.1, size=96)

for size, ends in (("small", [0, 1, 3, 6, 8, 11, 12]), ("large", [0, 1, 3, 6, 10, 12, 15, 16])):
    v3 = getattr(torchvision.models, f"mobilenet_v3_{size}")(width_mult=0.25, num_classes=CLASSES)
    config = dict(model_type="mobilenet_v3", size=size, width_multiplier=0.25)
    write(f"mobilenet-v3-{size}-torchvision", config, v3, feature_stages(v3, ends))
v3 = timm.create_model("tf_mobilenetv3_small_100", num_classes=CLASSES)
write("mobilenet-v3-small-timm", dict(architecture="tf_mobilenetv3_small_100"), v3, timm_stages(v3))

settings, _ = tv_efficientnet._efficientnet_conf("efficientnet_b0", width_mult=0.25, depth_mult=0.6)
b0 = tv_efficientnet.EfficientNet(settings, dropout=0, stochastic_depth_prob=0, num_classes=CLASSES)
config = dict(model_type="efficientnet", width_coefficient=0.25, depth_coefficient=0.6)
symmetric = dict(padding="symmetric", batch_norm_eps=1e-5, batch_norm_momentum=0.9)
write("efficientnet-torchvision", {**config, **symmetric}, b0, feature_stages(b0, list(range(9))))
b0 = timm_efficientnet._gen_efficientnet(
    "tf_efficientnet_b0", channel_multiplier=0.25, depth_multiplier=0.6, bn_eps=1e-3, pad_type="same", num_classes=CLASSES
)
write("efficientnet-timm", {**config, "batch_norm_momentum": 0.9}, b0, timm_stages(b0))
b0_config = transformers.EfficientNetConfig(
    width_coefficient=0.5, depth_coefficient=0.6, hidden_dim=640, num_labels=CLASSES, drop_connect_rate=0
)
b0 = transformers.EfficientNetForImageClassification(b0_config)
base = b0.efficientnet
last = np.cumsum([np.ceil(0.6 * n) for n in b0_config.num_block_repeats]).astype(int) - 1
b0_stages = [base.embeddings, *(base.encoder.blocks[i] for i in last), base.encoder.top_activation]
write("efficientnet-transformers", b0_config.to_dict(), b0, b0_stages, momentum=0.01)

overrides = dict(width_coefficient=0.25, depth_coefficient=0.6, image_size=SIZE, num_classes=CLASSES, drop_connect_rate=0, dropout_rate=0)
lite = LiteNetwork(*get_model_params("efficientnet-lite0", overrides))
lite_config = {**config, "squeeze_expansion_ratio": 0, "hidden_act": "relu6", "scale_ends": False}
counts = [1, 2, 2, 2, 2, 3, 1]
last = np.cumsum(counts) - 1
lite_stages = [(lite._bn0, nn.functional.relu6), *(lite._blocks[i] for i in last), (lite._bn1, nn.functional.relu6)]
write("efficientnet-lite-package", lite_config, lite, lite_stages)
lite = timm_efficientnet._gen_efficientnet_lite("efficientnet_lite0", channel_multiplier=0.25, depth_multiplier=0.6, num_classes=CLASSES)
write("efficientnet-lite-timm", {**lite_config, **symmetric}, lite, timm_stages(lite))
