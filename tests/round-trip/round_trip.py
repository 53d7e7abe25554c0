"""The Python half of round-trip.test.ts.

Reads a list of jobs as JSON from the standard input and writes a list of results to the file that its argument names:

- {"action": "encode", "path": DIR, "texts": [...], "library": "sentence-transformers" or "model2vec"}
  -> {"query": base64 of float32, "document": base64, "dim": n, "encode": base64 (without a role)}
- {"action": "resave", "path": DIR, "to": DIR, "layout": "new" or "old"} -> {"files": [...]}
"""

import base64
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np
import torch
import transformers
from sentence_transformers import SentenceTransformer


def packed(vectors) -> str:
    return base64.b64encode(np.asarray(vectors, dtype="<f4").tobytes()).decode()


def encode(job: dict) -> dict:
    texts = job["texts"]
    if job["library"] == "model2vec":
        from model2vec import StaticModel

        vectors = StaticModel.from_pretrained(job["path"]).encode(texts)
        return {"query": packed(vectors), "document": packed(vectors), "encode": packed(vectors), "dim": int(vectors.shape[1])}
    model = SentenceTransformer(job["path"], device="cpu")
    query = model.encode_query(texts)
    return {
        "query": packed(query),
        "document": packed(model.encode_document(texts)),
        "encode": packed(model.encode(texts)),
        "dim": int(query.shape[1]),
    }


def resave(job: dict) -> dict:
    SentenceTransformer(job["path"], device="cpu").save(job["to"])
    if job["layout"] == "old":
        to_old_layout(job["to"])
    return {"files": sorted(os.listdir(job["to"]))}


def to_old_layout(path: str) -> None:
    """What sentence-transformers wrote before its modules moved: other type names, other keys."""

    def change(name: str, function) -> None:
        whole = os.path.join(path, name)
        with open(whole, encoding="utf-8") as file:
            content = json.load(file)
        with open(whole, "w", encoding="utf-8") as file:
            json.dump(function(content), file)

    def types(modules: list) -> list:
        return [{**module, "type": "sentence_transformers.models." + module["type"].split(".")[-1]} for module in modules]

    def pooling(new: dict) -> dict:
        modes = [new["pooling_mode"]] if isinstance(new["pooling_mode"], str) else new["pooling_mode"]
        return {
            "word_embedding_dimension": new["embedding_dimension"],
            "pooling_mode_cls_token": "cls" in modes,
            "pooling_mode_mean_tokens": "mean" in modes,
            "pooling_mode_max_tokens": "max" in modes,
            "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens" in modes,
        }

    change("modules.json", types)
    if os.path.exists(os.path.join(path, "1_Pooling")):
        change("1_Pooling/config.json", pooling)
        with open(os.path.join(path, "tokenizer_config.json"), encoding="utf-8") as file:
            limit = json.load(file)["model_max_length"]
        change("sentence_bert_config.json", lambda _: {"max_seq_length": limit, "do_lower_case": False})


def main(target: str) -> None:
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    actions = {"encode": encode, "resave": resave}
    results = []
    for job in json.load(sys.stdin):
        try:
            results.append(actions[job["action"]](job))
        except Exception as error:  # the test shows it beside the model's name
            results.append({"error": f"{type(error).__name__}: {error}"})
    with open(target, "w", encoding="utf-8") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main(sys.argv[1])
