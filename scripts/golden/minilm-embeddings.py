"""Vectors of sentence-transformers for all-MiniLM-L6-v2, against which @ms/embed is tested.

    python scripts/golden/minilm-embeddings.py .cache/models/all-MiniLM-L6-v2 packages/embed/golden/minilm-embeddings.json

Made with sentence-transformers 6.2.0, torch 2.13.0 on a CPU, one thread.
"""

import base64
import json
import sys

import numpy as np
import sentence_transformers
import torch
from sentence_transformers import SentenceTransformer

LONG = " ".join(f"Sentence {i} of a long report about rivers, bridges and the price of copper wire." for i in range(43))

SENTENCES = {
    "short": "A man is eating food.",
    "question": "How do I insert a page break before a heading?",
    "long (600 words)": LONG,
    "long, other end": LONG + " The very last words do not matter.",
    "empty": "",
    "blank": "   \t \n ",
    "Chinese": "如何在文档中插入分页符",
    "Chinese and English": "在 Writer 中 insert a 分页符 now",
    "Japanese": "ページ区切りを挿入する",
    "Korean": "페이지 나누기를 삽입하는 방법",
    "emoji": "I ❤️ pizza 🍕👩‍👩‍👧‍👦 and 🏳️‍🌈 flags",
    "odd whitespace": "\u00a0tabs\tand\u2003wide\u200bspaces\r\n  everywhere\u3000 ",
    "control characters": "zero\u0000 byte, bell\u0007, soft\u00adhyphen, \ufeffmark, \ufffd",
    "[CLS] literal": "[CLS] is not a word, nor is [SEP] or [MASK]; [PAD] [UNK] [cls]",
    "long word": "x" * 101 + " and " + "y" * 100 + " and " + "pneumonoultramicroscopicsilicovolcanoconiosis",
    "accents": "Crème brûlée naïveté Ångström İstanbul ẞtraße",
    "accents, decomposed": "Cre\u0300me bru\u0302le\u0301e na\u0131\u0308vete\u0301",
    "Cyrillic and Greek": "Привет мир ΟΔΥΣΣΕΥΣ ὈΔΥΣΣΕΎΣ",
    "right to left": "مرحبا بالعالم שלום עולם",
    "digits and punctuation": "3.14159, -2e10; $5.00 (50%) #tag @name a/b\\c don't—stop…",
    "upper case": "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG",
    "one letter": "a",
    "markup": "<p class=\"x\">Hello&nbsp;<b>world</b></p>",
    "exactly at the limit": " ".join(["word"] * 254),
    "one over the limit": " ".join(["word"] * 255),
    "mathematics": "∑ x² ≤ ∞ ⇒ ∃y∈ℝ: ½·y ≠ 𝟙",
}


def main(model_path: str, target: str) -> None:
    torch.set_num_threads(1)
    model = SentenceTransformer(model_path, device="cpu")
    texts = list(SENTENCES.values())
    vectors = model.encode(texts, batch_size=8, convert_to_numpy=True).astype("<f4")
    alone = np.concatenate([model.encode([text]) for text in texts])
    assert np.abs(vectors - alone).max() < 1e-6
    golden = {
        "model": "sentence-transformers/all-MiniLM-L6-v2",
        "made with": {"sentence-transformers": sentence_transformers.__version__, "torch": torch.__version__},
        "dim": int(vectors.shape[1]),
        "names": list(SENTENCES),
        "sentences": texts,
        "vectors": base64.b64encode(vectors.tobytes()).decode(),
    }
    with open(target, "w", encoding="utf-8") as file:
        json.dump(golden, file, ensure_ascii=True, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
