"""Model folders that are not what they say: settings, weights and tokenizers changed at random.

The oracle is transformers itself, asked to read the same folder strictly.
"""

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from hypothesis import strategies as st
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification

from kosent_lab.core.model_files import write_checksums
from tests.hostile.oracle import TRIED, hunt, judge, read_output, run, snapshot

TEXTS = ["좋아요", "정말 별로예요, 다시는 안 사요", ""]
VALUES = st.sampled_from(
    [
        None,
        0,
        -1,
        1,
        2,
        3,
        7,
        10**9,
        0.5,
        "12",
        "",
        [],
        {},
        True,
        "gelu",
        "relu",
        "electra",
        "bert",
        "../model.safetensors",
    ]
)
KEYS = st.sampled_from(
    [
        "num_hidden_layers",
        "hidden_size",
        "num_attention_heads",
        "intermediate_size",
        "embedding_size",
        "vocab_size",
        "model_type",
        "hidden_act",
        "max_position_embeddings",
        "id2label",
        "label2id",
        "architectures",
        "layer_norm_eps",
        "pad_token_id",
        "type_vocab_size",
        "auto_map",
        "transformers_weights",
        "position_embedding_type",
        "problem_type",
        "num_labels",
        "dtype",
        "quantization_config",
    ]
)


def change_settings(folder, draw):
    name = draw(st.sampled_from(["config.json", "tokenizer_config.json", "calibration.json"]))
    path = folder / name
    settings = json.loads(path.read_text("utf-8")) if path.exists() else {"temperature": 1.0, "fitted_on": "x", "n": 9}
    key = "temperature" if name == "calibration.json" else draw(KEYS)
    if draw(st.booleans()):
        settings[key] = draw(VALUES)
    else:
        settings.pop(key, None)
    path.write_text(json.dumps(settings), "utf-8")


def change_weights(folder, draw):
    path = folder / "model.safetensors"
    state = load_file(path)
    name = draw(st.sampled_from(sorted(state)))
    how = draw(
        st.sampled_from(
            ["drop", "rename", "shape", "nan", "inf", "extra", "cut", "empty", *["zero", "double", "dtype"] * 3]
        )
    )
    if how == "drop":
        state.pop(name)
    elif how == "rename":
        state[f"model.{name}"] = state.pop(name)
    elif how == "shape":
        state[name] = torch.cat([state[name], state[name]])
    elif how in ("nan", "inf"):
        state[name].view(-1)[0] = float(how)
    elif how == "extra":
        state["extra.weight"] = torch.ones(2)
    elif how == "zero":
        state[name] = torch.zeros_like(state[name])
    elif how == "double":
        state[name] = state[name] * 2
    elif how == "dtype":
        state[name] = state[name].to(draw(st.sampled_from([torch.float64, torch.int64, torch.bfloat16])))
    save_file(state, path, metadata={"format": "pt"})
    if how in ("cut", "empty"):
        path.write_bytes(path.read_bytes()[: 0 if how == "empty" else path.stat().st_size // 2])


def change_tokenizer(folder, draw):
    path = folder / "tokenizer.json"
    how = draw(st.sampled_from(["drop", "cut", "more", "unknown", "empty", *["indented"] * 4]))
    if how == "drop":
        path.unlink()
    elif how == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "empty":
        path.write_text("{}", "utf-8")
    elif how == "indented":
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")), indent=3), "utf-8")
    else:
        settings = json.loads(path.read_text("utf-8"))
        if how == "more":
            settings["model"]["vocab"]["좋아요"] = 10**6
        else:
            settings["model"]["vocab"] = {
                key: n for key, n in settings["model"]["vocab"].items() if not key[-1] >= "가"
            }
        path.write_text(json.dumps(settings, ensure_ascii=False), "utf-8")


@st.composite
def changes(draw):
    """Draw what is done to a folder: one change or two, and whether its checksums are made to fit."""
    kinds = draw(st.lists(st.sampled_from([change_settings, change_weights, change_tokenizer]), max_size=2))
    return kinds, draw(st.sampled_from([True, True, True, False])), draw(st.data())


def load_plainly(folder):
    options = {"dtype": torch.float32, "local_files_only": True, "output_loading_info": True}
    return AutoModelForSequenceClassification.from_pretrained(folder, **options)


def check_folder(tiny_folder, drawn):
    kinds, fitting, data = drawn
    TRIED["model folders"] += 1
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder = place / "model"
        shutil.copytree(tiny_folder, folder)
        untouched = snapshot(folder)
        for kind in kinds:
            try:
                kind(folder, data.draw)
            except (ValueError, RuntimeError, OSError, KeyError, SafetensorError):
                break  # the second change met what the first had left
        changed = snapshot(folder) != untouched
        if fitting:
            write_checksums(folder)
        source, target = place / "a.jsonl", place / "o.parquet"
        source.write_text("\n".join(json.dumps({"text": text}) for text in TEXTS), "utf-8")
        before = snapshot(place)
        options = ("--model", folder, "--device", "cpu", "--precision", "fp32")
        if not judge(run("--quiet", "predict", source, "--out", target, *options), before, place):
            return
        named = set(json.loads((folder / "checksums.json").read_text("utf-8")))
        same = {key for key, value in snapshot(folder).items() if untouched.get(key) == value}
        assert fitting or not changed or not (named - same), "a changed file was believed"
        written = read_output(target)
        logits = np.array([[row["logit_0"], row["logit_1"]] for row in written])
        assert np.isfinite(logits).all()
        try:
            model, told = load_plainly(folder)
        except Exception:  # at a setting that it cannot read; of those only the epsilon says anything of the logits
            told = json.loads((folder / "config.json").read_text("utf-8"))
            plain = json.loads((tiny_folder / "config.json").read_text("utf-8"))
            plain["layer_norm_eps"] = float(told.get("layer_norm_eps", 1e-12))
            (folder / "config.json").write_text(json.dumps(plain), "utf-8")
            model, told = load_plainly(folder)
        assert not told["missing_keys"], f"weights that are missing were believed: {told['missing_keys']}"
        assert not told["mismatched_keys"]
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        with torch.inference_mode():
            plain = [model.eval()(torch.tensor([tokenizer.encode(text).ids])).logits[0].numpy() for text in TEXTS]
        both = np.stack(plain)
        both = both if model.config.id2label[0] == "negative" else both[:, ::-1]
        np.testing.assert_allclose(logits, both, atol=2e-3)


def test_model_folders(tiny_folder):
    hunt(changes(), lambda drawn: check_folder(tiny_folder, drawn), examples=80)
