"""
Writes packages/embed/golden/tiny-clip: a CLIP of random weights as transformers saves it, with its tokeniser and the settings of its pictures, and what
transformers makes of some texts and pictures (expected.json).

    pip install torch transformers tokenizers pillow numpy && python scripts/golden/tiny_clip.py
"""

import json
import pathlib
import shutil
import sys

import numpy as np
import torch
from PIL import Image
from tokenizers.pre_tokenizers import ByteLevel

try:
    import torchvision  # noqa: F401
except ImportError:
    pass
except RuntimeError:
    # Built for GPUs, beside a torch for CPUs: transformers needs none of its operators here (see vision_transformers.py).
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer  # noqa: E402

TARGET = pathlib.Path(__file__).parents[2] / "packages/embed/golden/tiny-clip"
MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
SIZE = 16

torch.manual_seed(4)
shutil.rmtree(TARGET, ignore_errors=True)
TARGET.mkdir(parents=True)
alphabet = sorted(ByteLevel.alphabet())
merges = [("r", "e"), ("re", "d</w>"), ("h", "e"), ("a", "r"), ("he", "ar"), ("hear", "t</w>")]
tokens = [*alphabet, *(character + "</w>" for character in alphabet), *("".join(merge) for merge in merges), "<|startoftext|>", "<|endoftext|>"]
vocab = {token: index for index, token in enumerate(tokens)}
tokenizer = CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=12)
end = vocab["<|endoftext|>"]
text = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20, vocab_size=len(vocab), max_position_embeddings=12)
text |= dict(bos_token_id=vocab["<|startoftext|>"], eos_token_id=end, pad_token_id=end)
vision = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24, image_size=SIZE, patch_size=4)
model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=10)).eval()
with torch.no_grad():
    # As they are drawn, weights are so small that all texts look alike.
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.mul_(8)
model.save_pretrained(TARGET)
tokenizer.save_pretrained(TARGET)
settings = dict(image_processor_type="CLIPImageProcessor", do_resize=True, size={"shortest_edge": SIZE}, resample=3, do_center_crop=True)
settings |= dict(crop_size={"height": SIZE, "width": SIZE}, do_rescale=True, rescale_factor=1 / 255, do_normalize=True, image_mean=MEAN, image_std=STD)
(TARGET / "preprocessor_config.json").write_text(json.dumps(settings, indent=2) + "\n")

texts = ["a red heart", "Two red hearts, and a very long text that does not fit", "", "红色的心"]
rng = np.random.default_rng(4)
pictures = {}
for name in ["one", "two"]:
    # Of the network's own size, so that nothing is scaled.
    pixels = rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(TARGET / f"{name}.png")
    pictures[f"{name}.png"] = (pixels / 255 - MEAN) / STD
double = model.double()
with torch.no_grad():
    read = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    written = double.text_model(**read).pooler_output
    seen = torch.tensor(np.stack(list(pictures.values())).transpose(0, 3, 1, 2))
    vectors = double.text_projection(written), double.visual_projection(double.vision_model(seen).pooler_output)
expected = {"texts": texts, "text": vectors[0].tolist(), "pictures": list(pictures), "image": vectors[1].tolist()}
(TARGET / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n")
for file in sorted(TARGET.iterdir()):
    print(file.name, file.stat().st_size)
