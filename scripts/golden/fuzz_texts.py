"""Varied texts from a seed, for the golden values of tokenizers: all scripts, marks, controls, rare white space, long words."""

import random

ALPHABETS = {
    "ascii": [chr(c) for c in range(32, 127)],
    "latin": [chr(c) for c in [*range(0xA0, 0x250), *range(0x1E00, 0x1F00)]],
    "greek": [chr(c) for c in [*range(0x370, 0x400), *range(0x1F00, 0x2000)]],
    "cyrillic": [chr(c) for c in range(0x400, 0x530)],
    "hebrew-arabic": [chr(c) for c in range(0x590, 0x700)],
    "indic": [chr(c) for c in range(0x900, 0xE00)],
    "thai-lao-tibetan": [chr(c) for c in range(0xE00, 0x1000)],
    "georgian-ethiopic": [chr(c) for c in [*range(0x10A0, 0x1100), *range(0x1200, 0x1400)]],
    "jamo-hangul": [chr(c) for c in [*range(0x1100, 0x1200), *range(0xAC00, 0xAD00), *range(0xD700, 0xD7A4)]],
    "punctuation": [chr(c) for c in [*range(0x2000, 0x2070), *range(0x2E00, 0x2E60), *range(0x3000, 0x3040), *range(0xFE10, 0xFE70)]],
    "symbols": [chr(c) for c in [*range(0x2070, 0x2800)]],
    "kana": [chr(c) for c in range(0x3040, 0x3100)],
    "han": [chr(c) for c in [*range(0x3400, 0x3450), *range(0x4E00, 0x5200), *range(0x9F00, 0xA000), *range(0xF900, 0xFB00)]],
    "han-beyond": [chr(c) for c in [*range(0x20000, 0x20080), *range(0x2B810, 0x2B930), *range(0x2F800, 0x2F880)]],
    "fullwidth": [chr(c) for c in range(0xFF00, 0xFFF0)],
    "marks": [chr(c) for c in [*range(0x300, 0x370), *range(0x1AB0, 0x1ACF), *range(0x20D0, 0x20F1), 0x302E, 0x302F, 0x1D165]],
    "controls": [chr(c) for c in [*range(0, 32), *range(0x7F, 0xA0), 0xAD, 0x200B, 0x200C, 0x200D, 0xFEFF, 0xFFFD, 0x180E, 0x2060, 0xE0001]],
    "spaces": list(" \t\n\r\u000b\u000c\u0085\u00a0\u1680\u2000\u2007\u2009\u200a\u2028\u2029\u202f\u205f\u3000"),
    "emoji": ["😀", "👩‍👩‍👧", "🏳️‍🌈", "👍🏽", "🇩🇪", "❤️", "☕", "1️⃣", "🧑🏿‍🚀"],
    "special": ["[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "[cls]", "[CLS", "CLS]", "[[SEP]]", "##ing", "[unused1]"],
    "cases": ["İ", "ẞ", "Σ", "ΣΑΣ", "ǅ", "Å", "K", "Ω", "ſ", "ﬁ", "ǆ", "ᾼ", "가", "각", "Ǳ", "™", "㋿", "½", "①", "▁", "▁a"],
}
WORDS = (
    "the of and in to a is was for on running unbelievable internationalisation spreadsheet cell rows freeze pane résumé naïve "
    "Zürich ÉCOLE straße don't e-mail user@example.org https://example.org/a_b?c=d&e=%20f C++ .NET 3.14159 1,000,000 x86_64 "
    "词语搜索 打印预览 数据库 如何 冻结 窗格 表格 東京 検索する 검색 엔진 поиск текста بحث नमस्ते สวัสดี"
).split()


def texts(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    names = list(ALPHABETS)
    made = ["", " ", "\n", "[CLS]", "a", "a" * 99, "a" * 100, "a" * 101, "é" * 100, "é" * 101, "中" * 130, "😀" * 101, "1" * 300]
    while len(made) < count:
        parts = []
        for _ in range(rng.randint(1, 12)):
            kind = rng.random()
            if kind < 0.45:
                parts.append(rng.choice(WORDS))
            elif kind < 0.9:
                alphabet = ALPHABETS[rng.choice(names)]
                parts.append("".join(rng.choice(alphabet) for _ in range(rng.randint(1, 6))))
            elif kind < 0.98:
                mixed = [rng.choice(ALPHABETS[rng.choice(names)]) for _ in range(rng.randint(2, 10))]
                parts.append("".join(mixed))
            else:
                parts.append(rng.choice(WORDS) * rng.randint(5, 30))
            if rng.random() < 0.7:
                parts.append(" ")
        made.append("".join(parts))
    return made
