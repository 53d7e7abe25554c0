"""Tiny random encoders with every option that @ms/embed obeys, and what sentence-transformers makes of them.

    python packages/embed/golden/tiny-encoders.py packages/embed/golden/tiny-encoders.json

Made with sentence-transformers 6.2.0, transformers 5.23.0, torch 2.13.0 on a CPU, one thread. Each case is a whole model directory
(files by name, contents stored once in `blobs`) with texts and vectors for either role.
"""

import base64
import hashlib
import json
import os
import shutil
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import sentence_transformers
import torch
import transformers
from model2vec import StaticModel
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Dropout, LayerNorm, Pooling, StaticEmbedding
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

WIDTH = 12
TEXTS = [
    "hello the query",
    "",
    "  \t ",
    "Na\u00efve caf\u00e9, W\u00d6RLD!",
    "searching \U0001f355 the \u4e2d\u6587 text",
    "[CLS] literal [SEP] in a [MASK] text",
    "the " * 70 + "end",
    "a",
    "one 2 three: searched",
]
PROMPTS = {"query": "search query: ", "document": "the passage: "}


def vocabulary() -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["the", "query", "passage", "search", "hello", "text", "end", "##ing", "##ed", "\u4e2d", "\u6587", "The"]
    return (
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        + list(letters + "0123456789.,:!?")
        + ["##" + c for c in letters + "0123456789"]
        + words
    )


def tokenizer(lowercase: bool = True) -> Tokenizer:
    vocab = {token: i for i, token in enumerate(vocabulary())}
    made = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100))
    made.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])],
    )
    return made


def hugging_face(path: str, lowercase: bool = True) -> str:
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer(lowercase),
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=48,
    )
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(vocabulary()),
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=20,
        max_position_embeddings=64,
        initializer_range=0.5,
    )
    BertModel(config).eval().save_pretrained(path)
    fast.save_pretrained(path)
    return path


def table(rows: int | None = None) -> torch.Tensor:
    torch.manual_seed(2)
    return torch.randn(rows or len(vocabulary()), WIDTH)


class Cases:
    def __init__(self, folder: str):
        self.folder = folder
        self.blobs: dict[str, object] = {}
        self.cases: list[dict] = []

    def blob(self, path: str) -> str:
        with open(path, "rb") as file:
            content = file.read()
        name = hashlib.sha256(content).hexdigest()[:12]
        try:
            self.blobs[name] = content.decode("utf-8") if not path.endswith(".safetensors") else {"base64": base64.b64encode(content).decode()}
        except UnicodeDecodeError:
            self.blobs[name] = {"base64": base64.b64encode(content).decode()}
        return name

    def add(self, name: str, path: str, encode: dict, texts: list[str] = TEXTS) -> None:
        files = {}
        for folder, _, names in os.walk(path):
            for each in names:
                whole = os.path.join(folder, each)
                relative = os.path.relpath(whole, path).replace(os.sep, "/")
                if relative != "README.md" and not relative.endswith(".lock"):
                    files[relative] = self.blob(whole)
        expected = []
        for role, function in encode.items():
            vectors = np.asarray(function(texts), dtype="<f4")
            assert np.isfinite(vectors).all(), name
            expected.append({"role": role, "dim": int(vectors.shape[1]), "vectors": base64.b64encode(vectors.tobytes()).decode()})
        assert name not in [case["name"] for case in self.cases], name
        self.cases.append({"name": name, "texts": texts, "files": dict(sorted(files.items())), "expected": expected})

    def path(self) -> str:
        return tempfile.mkdtemp(dir=self.folder)

    def model(self, name: str, modules: list, edit=None, texts: list[str] = TEXTS, query=None, document=None, **settings) -> None:
        """Saves, edits the files, loads again and encodes."""
        path = self.path()
        SentenceTransformer(modules=modules, device="cpu", **settings).save(path)
        if edit:
            edit(path)
        loaded = SentenceTransformer(path, device="cpu")
        self.add(name, path, {"query": query(loaded) if query else loaded.encode_query, "document": document(loaded) if document else loaded.encode_document}, texts)


def edit_json(file: str, change):
    def edit(path: str) -> None:
        whole = os.path.join(path, file)
        content = {}
        if os.path.exists(whole):
            with open(whole, encoding="utf-8") as opened:
                content = json.load(opened)
        changed = change(content)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8") as opened:
            json.dump(content if changed is None else changed, opened, indent=1)

    return edit


def both(*edits):
    return lambda path: [edit(path) for edit in edits]


def old_layout(path: str) -> None:
    """What the directories published until 2025 look like."""

    def old_type(modules):
        for module in modules:
            module["type"] = "sentence_transformers.models." + module["type"].split(".")[-1]

    edit_json("modules.json", old_type)(path)
    edit_json("sentence_bert_config.json", lambda _: {"max_seq_length": 32, "do_lower_case": False})(path)
    pooling = os.path.join(path, "1_Pooling")
    if os.path.exists(pooling):

        def old_pooling(new):
            modes = [new["pooling_mode"]] if isinstance(new["pooling_mode"], str) else new["pooling_mode"]
            return {
                "word_embedding_dimension": new["embedding_dimension"],
                "pooling_mode_cls_token": "cls" in modes,
                "pooling_mode_mean_tokens": "mean" in modes,
                "pooling_mode_max_tokens": "max" in modes,
                "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens" in modes,
                "pooling_mode_weightedmean_tokens": "weightedmean" in modes,
                "pooling_mode_lasttoken": "lasttoken" in modes,
                "include_prompt": new["include_prompt"],
            }

        edit_json("1_Pooling/config.json", old_pooling)(path)
    normalize = os.path.join(path, "2_Normalize")
    if os.path.exists(normalize):
        shutil.rmtree(normalize)


def bert_cases(cases: Cases) -> None:
    hf = hugging_face(cases.path())

    def bert() -> Transformer:
        return Transformer(hf)

    def dense(*args, **kwargs) -> Dense:
        torch.manual_seed(3)
        return Dense(*args, **kwargs)

    def fresh(module, seed=4):
        torch.manual_seed(seed)
        for parameter in module.parameters():
            nn.init.normal_(parameter)
        return module

    cases.model("mean, normalised", [bert(), Pooling(WIDTH), Normalize()])
    cases.model("older layout", [bert(), Pooling(WIDTH), Normalize()], edit=old_layout)
    for mode in Pooling.POOLING_MODES:
        cases.model(f"pooling {mode}", [bert(), Pooling(WIDTH, mode)])
        if mode != "max":  # a text that is cut off within its prompt has no largest value
            cases.model(f"pooling {mode} without the prompt", [bert(), Pooling(WIDTH, mode, include_prompt=False)], prompts=PROMPTS)
        cases.model(f"pooling {mode}, older layout", [bert(), Pooling(WIDTH, mode)], edit=old_layout)
    cases.model("pooling max without the prompt", [bert(), Pooling(WIDTH, "max", include_prompt=False)], prompts=PROMPTS, texts=[TEXTS[0], TEXTS[3]])
    cases.model("pooling two, older layout", [bert(), Pooling(WIDTH, ("cls", "mean"))], edit=old_layout)
    cases.model("pooling all", [bert(), Pooling(WIDTH, Pooling.POOLING_MODES), Normalize()])
    cases.model("pooling in another order", [bert(), Pooling(WIDTH, ("lasttoken", "mean", "cls"))])
    cases.model("prompts", [bert(), Pooling(WIDTH), Normalize()], prompts=PROMPTS)
    cases.model("prompt longer than the texts may be", [bert(), Pooling(WIDTH, include_prompt=False)], prompts={"query": "search query the search query: ", "document": ""}, edit=edit_json("sentence_bert_config.json", lambda c: c.update(max_seq_length=6)))
    named = lambda name: lambda model: lambda texts: model.encode(texts, prompt_name=name)  # noqa: E731
    cases.model("prompts query and passage", [bert(), Pooling(WIDTH), Normalize()], document=named("passage"), edit=edit_json("config_sentence_transformers.json", lambda c: c.update(prompts={"query": "query: ", "passage": "passage: "})))
    cases.model("default prompt", [bert(), Pooling(WIDTH), Normalize()], query=named("search"), document=named("search"), edit=edit_json("config_sentence_transformers.json", lambda c: c.update(prompts={"search": "search: "}, default_prompt_name="search")))

    functions = {
        "identity": nn.Identity(), "tanh": nn.Tanh(), "relu": nn.ReLU(), "relu6": nn.ReLU6(), "gelu": nn.GELU(), "sigmoid": nn.Sigmoid(),
        "silu": nn.SiLU(), "elu": nn.ELU(), "leaky relu": nn.LeakyReLU(), "softplus": nn.Softplus(), "mish": nn.Mish(),
    }  # fmt: skip
    for name, function in functions.items():
        cases.model(f"dense {name}", [bert(), Pooling(WIDTH), fresh(Dense(WIDTH, 6, activation_function=function))], texts=TEXTS[:4])
    cases.model("dense without bias, normalised", [bert(), Pooling(WIDTH), dense(WIDTH, 7, bias=False), Normalize()])
    cases.model("dense residual, same width", [bert(), Pooling(WIDTH), fresh(Dense(WIDTH, WIDTH, use_residual=True))], texts=TEXTS[:4])
    cases.model("dense residual, other width", [bert(), Pooling(WIDTH), fresh(Dense(WIDTH, 5, use_residual=True))], texts=TEXTS[:4])
    cases.model("two dense layers", [bert(), Pooling(WIDTH), dense(WIDTH, 20), dense(20, 4, activation_function=nn.Identity()), Normalize()])
    cases.model("normalised before dense", [bert(), Pooling(WIDTH), Normalize(), dense(WIDTH, 8)])
    cases.model("dense over tokens", [bert(), dense(WIDTH, 5, module_input_name="token_embeddings"), Pooling(5)], texts=TEXTS[:4])
    cases.model("normalised tokens", [bert(), Normalize(module_input_name="token_embeddings"), Pooling(WIDTH, "max")], texts=TEXTS[:4])
    cases.model("layer norm and dropout", [bert(), Pooling(WIDTH), fresh(LayerNorm(WIDTH)), Dropout(0.5)])
    cases.model("truncate_dim", [bert(), Pooling(WIDTH), Normalize()], truncate_dim=5)
    cases.model("similarity dot", [bert(), Pooling(WIDTH)], similarity_fn_name="dot", texts=TEXTS[:2])

    cases.model("max_seq_length", [bert(), Pooling(WIDTH)], edit=edit_json("sentence_bert_config.json", lambda c: c.update(max_seq_length=9)))
    cases.model("max_seq_length null", [bert(), Pooling(WIDTH)], edit=edit_json("sentence_bert_config.json", lambda c: c.update(max_seq_length=None)))
    cases.model("query_length and document_length", [bert(), Pooling(WIDTH)], edit=edit_json("sentence_bert_config.json", lambda c: c.update(query_length=5, document_length=12)))
    cases.model("model_max_length missing", [bert(), Pooling(WIDTH)], edit=edit_json("tokenizer_config.json", lambda c: c.pop("model_max_length") and None))
    cases.model("no tokenizer_config.json", [bert(), Pooling(WIDTH)], edit=lambda path: os.remove(os.path.join(path, "tokenizer_config.json")))
    cut = edit_json("tokenizer.json", lambda c: c.update(truncation={"direction": "Right", "max_length": 10, "strategy": "LongestFirst", "stride": 0}, padding={"strategy": {"Fixed": 30}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"}))
    cases.model("truncation and fixed padding in tokenizer.json", [bert(), Pooling(WIDTH)], edit=cut)
    cases.model("cut off on the left", [bert(), Pooling(WIDTH, ("cls", "mean"))], texts=["a b c " + "the " * 60 + "end", "short"], edit=edit_json("tokenizer_config.json", lambda c: c.update(truncation_side="left")))
    cased = hugging_face(cases.path(), lowercase=False)
    cases.model("cased", [Transformer(cased), Pooling(WIDTH)], texts=["The CAT the", "\u00c9cole The"])
    cases.model("do_lower_case", [Transformer(cased), Pooling(WIDTH)], texts=["The CAT the", "\u00c9cole The [CLS]"], edit=edit_json("sentence_bert_config.json", lambda c: c.update(do_lower_case=True)))

    def moved(path: str) -> None:
        """The oldest layout keeps the transformer in a folder of its own."""
        inner = os.path.join(path, "0_Transformer")
        os.makedirs(inner)
        for name in os.listdir(path):
            if name not in ("0_Transformer", "1_Pooling", "modules.json", "config_sentence_transformers.json", "README.md"):
                shutil.move(os.path.join(path, name), os.path.join(inner, name))
        edit_json("modules.json", lambda modules: modules[0].update(path="0_Transformer"))(path)

    cases.model("transformer in a folder", [bert(), Pooling(WIDTH)], edit=moved)

    def half(path: str) -> None:
        weights = os.path.join(path, "model.safetensors")
        rounded = {name: value.to(torch.bfloat16) for name, value in load_file(weights).items()}
        save_file(rounded, weights, metadata={"format": "pt"})

    cases.model("bfloat16 weights", [bert(), Pooling(WIDTH)], edit=both(half, edit_json("config.json", lambda c: c.update(dtype="float32"))))

    plain = hugging_face(cases.path())
    loaded = SentenceTransformer(plain, device="cpu")
    cases.add("plain Hugging Face directory", plain, {"query": loaded.encode_query, "document": loaded.encode_document})


def static_cases(cases: Cases) -> None:
    def static() -> StaticEmbedding:
        return StaticEmbedding(tokenizer(), embedding_weights=table())

    cases.model("static", [static()])
    cases.model("static, normalised", [static(), Normalize()])
    cases.model("static, prompts", [static(), Normalize()], prompts=PROMPTS)
    torch.manual_seed(5)
    cases.model("static, dense", [static(), Dense(WIDTH, 5), Normalize()])
    cases.model("static, truncate_dim", [static(), Normalize()], truncate_dim=4)

    def limited(path: str) -> None:
        edit_json("tokenizer.json", lambda c: c.update(truncation={"direction": "Right", "max_length": 7, "strategy": "LongestFirst", "stride": 0}))(path)

    cases.model("static, truncation in tokenizer.json", [static()], edit=limited)

    def foldered(path: str) -> None:
        inner = os.path.join(path, "0_StaticEmbedding")
        os.makedirs(inner)
        for name in ("tokenizer.json", "model.safetensors"):
            shutil.move(os.path.join(path, name), os.path.join(inner, name))
        edit_json("modules.json", lambda modules: modules[0].update(path="0_StaticEmbedding"))(path)

    cases.model("static in a folder, older names", [static(), Normalize()], edit=both(foldered, lambda path: edit_json("modules.json", lambda modules: [module.update(type="sentence_transformers.models." + module["type"].split(".")[-1]) for module in modules] and None)(path)))

    for name, settings in {
        "model2vec": {"normalize": False},
        "model2vec, normalised": {"normalize": True},
        "model2vec, max_length": {"normalize": True, "max_length": 9},
        "model2vec, no limit": {"normalize": False, "max_length": None},
    }.items():
        path = cases.path()
        model = StaticModel(table().numpy(), tokenizer(), config={"model_type": "model2vec", "architectures": ["StaticModel"]}, **settings)
        model.save_pretrained(path)
        loaded = SentenceTransformer(path, device="cpu")
        cases.add(f"{name}, as sentence-transformers", path, {"query": loaded.encode_query, "document": loaded.encode_document})
        os.remove(os.path.join(path, "modules.json"))
        bare = StaticModel.from_pretrained(path)
        cases.add(f"{name}, without modules.json", path, {"document": bare.encode})

    generator = np.random.default_rng(6)
    count = len(vocabulary())
    quantized = StaticModel(
        table(20).numpy(), tokenizer(), config={"model_type": "model2vec"}, normalize=True,
        weights=generator.random(count).astype(np.float32) + 0.1, token_mapping=generator.integers(0, 20, count),
    )  # fmt: skip
    path = cases.path()
    quantized.save_pretrained(path)
    loaded = SentenceTransformer(path, device="cpu")
    cases.add("model2vec, mapping and weights", path, {"query": loaded.encode_query, "document": loaded.encode_document})
    os.remove(os.path.join(path, "modules.json"))
    cases.add("model2vec, mapping and weights, without modules.json", path, {"document": StaticModel.from_pretrained(path).encode})


def main(target: str) -> None:
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        cases = Cases(folder)
        bert_cases(cases)
        static_cases(cases)
    golden = {
        "made with": {"sentence-transformers": sentence_transformers.__version__, "transformers": transformers.__version__, "torch": torch.__version__},
        "blobs": cases.blobs,
        "cases": cases.cases,
    }
    with open(target, "w", encoding="utf-8") as file:
        json.dump(golden, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")
    print(f"{len(cases.cases)} cases, {os.path.getsize(target)} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
