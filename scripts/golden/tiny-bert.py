"""
Writes packages/backbones/golden/tiny-bert-*.safetensors: tiny random BERTs of several configurations, with what PyTorch
computes for a padded batch after the embeddings and after every layer; and activations.json.

    pip install torch transformers safetensors numpy && python scripts/golden/tiny-bert.py
"""

import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel
from transformers.activations import ACT2FN

TARGET = pathlib.Path(__file__).parents[2] / "packages/backbones/golden"

# name, configuration, what is special about the file
CASES = [
    ("gelu", dict(hidden_act="gelu", hidden_size=12, num_attention_heads=4, num_hidden_layers=2), {}),
    ("gelu-new-types", dict(hidden_act="gelu_new", layer_norm_eps=1e-5, hidden_size=15, num_attention_heads=3, num_hidden_layers=2), {"types": True}),
    ("relu-prefixed", dict(hidden_act="relu", hidden_size=8, num_attention_heads=1, num_hidden_layers=1), {"prefix": "bert.", "pooler": True}),
    ("silu-legacy", dict(hidden_act="silu", layer_norm_eps=0.1, type_vocab_size=1, hidden_size=12, num_attention_heads=3, num_hidden_layers=1), {"legacy": True}),
    ("quick-gelu-half", dict(hidden_act="quick_gelu", hidden_size=14, num_attention_heads=7, num_hidden_layers=3), {"dtype": torch.float16}),
    ("tanh-bfloat", dict(hidden_act="gelu_pytorch_tanh", hidden_size=6, num_attention_heads=2, num_hidden_layers=2), {"dtype": torch.bfloat16}),
]
BATCH, TOKENS = 3, 7


def write(name: str, options: dict, special: dict) -> None:
    torch.manual_seed(len(name))
    config = BertConfig(vocab_size=23, intermediate_size=17, max_position_embeddings=9, attn_implementation="eager", **options)
    model = BertModel(config, add_pooling_layer=special.get("pooler", False)).eval()
    dtype = special.get("dtype", torch.float32)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            weight.copy_((torch.randn_like(weight) * 0.4 + (1 if "LayerNorm.weight" in key else 0)).to(dtype).float())
    ids = torch.randint(0, 23, (BATCH, TOKENS))
    mask = torch.ones(BATCH, TOKENS, dtype=torch.int64)
    mask[1, 4:] = 0
    mask[2, 1:] = 0
    types = torch.randint(0, 2, (BATCH, TOKENS)) if special.get("types") else None
    with torch.no_grad():
        states = model(input_ids=ids, attention_mask=mask, token_type_ids=types, output_hidden_states=True).hidden_states

    tensors = {}
    for key, weight in model.state_dict().items():
        if special.get("legacy"):
            key = key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        tensors[special.get("prefix", "") + key] = weight.to(dtype).contiguous()
    tensors[special.get("prefix", "") + "embeddings.position_ids"] = torch.arange(9)[None]
    inputs = {"input_ids": ids, "attention_mask": mask, **({} if types is None else {"token_type_ids": types})}
    golden = {f"golden.{key}": value.to(torch.int32) for key, value in inputs.items()}
    golden |= {f"golden.state.{i}": state.contiguous() for i, state in enumerate(states)}
    keys = ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act"]
    keys += ["layer_norm_eps", "max_position_embeddings", "type_vocab_size", "model_type"]
    settings = {key: config.to_dict()[key] for key in keys}
    file = TARGET / f"tiny-bert-{name}.safetensors"
    save_file({**tensors, **golden}, file, metadata={"config": json.dumps(settings)})
    print(file.name, file.stat().st_size, "bytes")


TARGET.mkdir(parents=True, exist_ok=True)
for case in CASES:
    write(*case)

x = torch.tensor([-30.0, -6.0, -3.0, -1.5, -0.5, -1e-3, 0.0, 1e-3, 0.25, 1.0, 2.0, 4.0, 6.5, 30.0])
names = ["gelu", "gelu_python", "gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_fast", "gelu_accurate", "quick_gelu"]
names += ["relu", "relu6", "silu", "swish", "mish", "tanh", "sigmoid", "linear"]
values = {name: ACT2FN[name](x).tolist() for name in names}
(TARGET / "activations.json").write_text(json.dumps({"x": x.tolist(), "values": values}) + "\n")
