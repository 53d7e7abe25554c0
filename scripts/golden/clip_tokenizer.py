"""
Writes packages/backbones/golden/clip-tokenizer.json: a small vocabulary and merges as CLIP's, and the ids that transformers' CLIPTokenizer gives.

    pip install transformers tokenizers && python scripts/golden/clip_tokenizer.py
"""

import json
import pathlib
import random

from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTokenizer

from fuzz_texts import ALPHABETS, WORDS

TARGET = pathlib.Path(__file__).parents[2] / "packages/backbones/golden/clip-tokenizer.json"

alphabet = sorted(ByteLevel.alphabet())
merges = ["r e", "re d</w>", "h e", "a r", "he ar", "hear t</w>", "t h", "th e</w>", "p h", "ph o", "t o</w>", "pho to</w>", "o f</w>", "a</w>", "i n", "in g</w>"]
merges = [merge for merge in merges if " " in merge]
tokens = [*alphabet, *(character + "</w>" for character in alphabet), *(merge.replace(" ", "") for merge in merges)]
vocab = {token: index for index, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}
tokenizer = CLIPTokenizer(vocab=vocab, merges=[tuple(merge.split(" ")) for merge in merges])

rng = random.Random(5)
pieces = [character for name in sorted(ALPHABETS) if name != "special" for character in ALPHABETS[name]]
words = WORDS if isinstance(WORDS, list) else WORDS.split()
texts = [
    "", " ", "A photo of a red heart", "a  photo\tof\na RED Heart!!", "it's they're we'll I'd", "3 hearts, 42 stars", "红色的心 ❤️", "naïve Zu\u0308rich É",
    "<|endoftext|> the end", "the<|startoftext|>heart", "x_y-z...", "don't", "'s", "½ ① Ⅷ",
]
texts += ["".join(rng.choice(pieces) if rng.random() < 0.5 else " " + rng.choice(words) for _ in range(rng.randint(1, 12))) for _ in range(60)]
ids = [tokenizer(text)["input_ids"] for text in texts]
TARGET.write_text(json.dumps({"vocab": vocab, "merges": merges, "texts": texts, "ids": ids}, ensure_ascii=False, separators=(",", ":")) + "\n")
print(TARGET.stat().st_size, "bytes", len(texts), "texts")
