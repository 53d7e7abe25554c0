"""
Writes packages/backbones/golden/vision-transformers/*.json: small vision transformers of transformers, timm and torchvision, and a small CLIP, with what
they compute (in double precision) after every stage. The weights are made from their names (seeded_weights.py), so only names and shapes
are written. Also timm-shapes.json: a hash of the names and shapes of every network that config.json may name as timm does.

    pip install torch torchvision timm transformers safetensors numpy && python scripts/golden/vision_transformers.py

torchvision, which timm needs, from PyPI is built for GPUs; beside a torch for CPUs its operators for boxes cannot be loaded, which nothing
here needs: `declare_box_operators` lets it be imported all the same.
"""

import base64
import hashlib
import json
import pathlib
import re
import sys
import tempfile

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from seeded_weights import seeded_uniform, seeded_weight


def declare_box_operators() -> None:
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    globals()["_keep"] = library


try:
    import torchvision  # noqa: F401
except RuntimeError:
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
    declare_box_operators()

import timm  # noqa: E402
from torchvision.models.vision_transformer import VisionTransformer as TorchvisionTransformer  # noqa: E402
from timm.models.deit import VisionTransformerDistilled  # noqa: E402
from timm.models.vision_transformer import VisionTransformer  # noqa: E402
from transformers import CLIPConfig, CLIPModel, DeiTConfig, DeiTModel, Dinov2Config, Dinov2Model  # noqa: E402
from transformers import Dinov2WithRegistersConfig, Dinov2WithRegistersModel, ViTConfig, ViTModel  # noqa: E402

TARGET = pathlib.Path(__file__).parents[2] / "packages/backbones/golden/vision-transformers"
BATCH, SAMPLES = 2, 160


def encode(values: torch.Tensor) -> str:
    flat = values.detach().reshape(-1).numpy().astype("<f4")
    places = np.arange(min(SAMPLES, len(flat))) * len(flat) // min(SAMPLES, len(flat))
    return base64.b64encode(flat[places].tobytes()).decode()


def pixels_of(size: tuple[int, int]) -> torch.Tensor:
    shape = (BATCH, *size, 3)
    values = 2 * seeded_uniform("pixel_values", int(np.prod(shape))) - 1
    return torch.from_numpy(values.astype(np.float32).reshape(shape)).permute(0, 3, 1, 2).double()


def write(name: str, golden: dict) -> None:
    file = TARGET / f"{name}.json"
    file.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(file.name, file.stat().st_size, "bytes")


def seeded(model: torch.nn.Module) -> tuple[torch.nn.Module, dict]:
    """The model with weights from the names under which it is saved, and their shapes."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        file = pathlib.Path(folder) / "model.safetensors"
        shapes = {key: list(value.shape) for key, value in load_file(file).items()}
        save_file({key: torch.from_numpy(seeded_weight(key, tuple(shape))) for key, shape in shapes.items()}, file, metadata={"format": "pt"})
        return type(model).from_pretrained(folder, attn_implementation="eager").double().eval(), shapes


def transformers_case(name: str, model: torch.nn.Module, fields: list[str], sizes: list[tuple[int, int]], interpolate: bool) -> None:
    model, keys = seeded(model)
    config = {field: model.config.to_dict()[field] for field in ["model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", *fields]}
    runs = []
    for size in sizes:
        options = {"interpolate_pos_encoding": True} if interpolate and size != sizes[0] else {}
        with torch.no_grad():
            result = model(pixels_of(size), output_hidden_states=True, **options)
        states = [*result.hidden_states, result.last_hidden_state]
        runs.append({"size": size, "shape": list(states[0].shape), "states": [encode(state) for state in states]})
    write(name, {"config": config, "keys": keys, "runs": runs})


def timm_case(name: str, model: torch.nn.Module, config: dict, sizes: list[tuple[int, int]]) -> None:
    state = model.state_dict()
    keys = {key: list(value.shape) for key, value in state.items()}
    model.load_state_dict({key: torch.from_numpy(seeded_weight(key, tuple(shape))) for key, shape in keys.items()})
    model = model.double().eval()
    states: list[torch.Tensor] = []
    handles = [model.blocks[0].register_forward_pre_hook(lambda _, args: states.append(args[0]))]
    handles += [block.register_forward_hook(lambda _, args, output: states.append(output)) for block in model.blocks]
    handles += [model.norm.register_forward_hook(lambda _, args, output: states.append(output))]
    runs = []
    for size in sizes:
        states.clear()
        with torch.no_grad():
            model.forward_features(pixels_of(size))
        runs.append({"size": size, "shape": list(states[0].shape), "states": [encode(state) for state in states]})
    write(name, {"config": {"names": "timm", **config}, "keys": keys, "runs": runs})


def torchvision_case() -> None:
    model = TorchvisionTransformer(image_size=16, patch_size=4, num_layers=2, num_heads=3, hidden_dim=12, mlp_dim=48, num_classes=5)
    keys = {key: list(value.shape) for key, value in model.state_dict().items()}
    model.load_state_dict({key: torch.from_numpy(seeded_weight(key, tuple(shape))) for key, shape in keys.items()})
    model = model.double().eval()
    layers = list(model.encoder.layers)
    states: list[torch.Tensor] = []
    handles = [layers[0].register_forward_pre_hook(lambda _, args: states.append(args[0]))]
    handles += [layer.register_forward_hook(lambda _, args, output: states.append(output)) for layer in [*layers, model.encoder.ln]]
    with torch.no_grad():
        model(pixels_of((16, 16)))
    fields = {"model_type": "vit", "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 3, "patch_size": 4, "image_size": 16}
    runs = [{"size": (16, 16), "shape": list(states[0].shape), "states": [encode(state) for state in states]}]
    write("vit-torchvision", {"config": {"names": "timm", **fields}, "keys": keys, "runs": runs})


def clip_case() -> None:
    text = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20, vocab_size=29, max_position_embeddings=9)
    text |= dict(bos_token_id=0, eos_token_id=28, pad_token_id=28)
    vision = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24, image_size=16, patch_size=4)
    model, keys = seeded(CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=10)))
    ids = torch.tensor([[0, 5, 7, 3, 28, 28, 28], [0, 9, 28, 28, 28, 28, 28], [0, 1, 2, 3, 4, 5, 28]])
    mask = torch.tensor([[1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 0, 0, 0], [1] * 7])
    with torch.no_grad():
        written = model.text_model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        pooled = model.text_projection(written.pooler_output)
    # What stands in the padding is nobody's business.
    states = [state[mask.bool()] for state in [*written.hidden_states, written.last_hidden_state]]
    seen = {"input_ids": ids.tolist(), "attention_mask": mask.tolist(), "states": [encode(s) for s in states], "pooled": encode(pooled)}
    runs = []
    for size in [(16, 16), (20, 24)]:
        with torch.no_grad():
            result = model.vision_model(pixels_of(size), output_hidden_states=True, interpolate_pos_encoding=size != (16, 16))
            projected = model.visual_projection(result.pooler_output)
        states = [*result.hidden_states]
        runs.append({"size": size, "shape": list(states[0].shape), "states": [encode(s) for s in states], "pooled": encode(projected)})
    fields = model.config.to_dict()
    keep = lambda config, names: {name: config[name] for name in names}  # noqa: E731
    own = ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act", "layer_norm_eps"]
    config = {
        "model_type": "clip",
        "projection_dim": 10,
        "text_config": keep(fields["text_config"], [*own, "vocab_size", "max_position_embeddings"]),
        "vision_config": keep(fields["vision_config"], [*own, "image_size", "patch_size"]),
    }
    write("clip", {"config": config, "keys": keys, "text": seen, "runs": runs})


def timm_shapes() -> None:
    names = [name for name in timm.list_models() if re.fullmatch(r"(vit|deit)_(tiny|small|base|large|huge)(_distilled)?_patch\d+_(reg4_)?(\d+|dinov2)", name)]
    names = [name for name in names if not re.search(r"_(2\d\d|3\d\d)$", name) or re.search(r"_(224|384)$", name)]
    hashes = {}
    for name in names:
        with torch.device("meta"):
            model = timm.create_model(name, num_classes=0)
        lines = sorted(f"{key} {list(value.shape)}" for key, value in model.state_dict().items() if not key.startswith(("head", "fc_norm")))
        hashes[name] = hashlib.sha1("\n".join(lines).encode()).hexdigest()
    file = TARGET / "timm-shapes.json"
    file.write_text(json.dumps(hashes, indent=1) + "\n")
    print(file.name, file.stat().st_size, "bytes,", len(hashes), "networks")


TARGET.mkdir(parents=True, exist_ok=True)
small = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, patch_size=4)
fields = ["intermediate_size", "hidden_act", "layer_norm_eps", "image_size", "patch_size", "qkv_bias"]
dino_fields = ["mlp_ratio", "hidden_act", "layer_norm_eps", "image_size", "patch_size", "qkv_bias", "use_swiglu_ffn"]
two = [(16, 16), (24, 20)]
transformers_case("vit", ViTModel(ViTConfig(**small, image_size=16, intermediate_size=20)), fields, two, True)
transformers_case(
    "vit-wide",
    ViTModel(ViTConfig(**{**small, "patch_size": (4, 8)}, image_size=(16, 24), intermediate_size=20, qkv_bias=False, hidden_act="gelu_new", layer_norm_eps=1e-3)),
    fields,
    [(16, 24)],
    False,
)
transformers_case("deit", DeiTModel(DeiTConfig(**small, image_size=16, intermediate_size=20)), fields, two, True)
transformers_case("dinov2", Dinov2Model(Dinov2Config(**small, image_size=16, mlp_ratio=2)), dino_fields, two, False)
transformers_case("dinov2-swiglu", Dinov2Model(Dinov2Config(**small, image_size=16, mlp_ratio=4, use_swiglu_ffn=True)), dino_fields, [(16, 16)], False)
registers = Dinov2WithRegistersModel(Dinov2WithRegistersConfig(**small, image_size=16, mlp_ratio=2, num_register_tokens=3))
transformers_case("dinov2-registers", registers, [*dino_fields, "num_register_tokens"], two, False)

options = dict(img_size=16, patch_size=4, embed_dim=12, depth=2, num_heads=3, num_classes=5, dynamic_img_size=True)
config = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, patch_size=4, image_size=16)
timm_case("timm-vit", VisionTransformer(**options), {"model_type": "vit", **config}, [*two, (8, 12)])
distilled = VisionTransformerDistilled(**options)
timm_case("timm-deit", distilled, {"model_type": "deit", **config}, two)
dino = VisionTransformer(**options, init_values=1e-5, reg_tokens=4, no_embed_class=True)
timm_case("timm-dinov2-registers", dino, {"model_type": "dinov2_with_registers", "class_position": False, **config}, two)
torchvision_case()
clip_case()
timm_shapes()
