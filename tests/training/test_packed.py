"""What training reads in one file: the same rows, the same result, and no other inputs than it was made of."""

import dataclasses

import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from kosent_lab.core.exceptions import DataError
from kosent_lab.models import electra, pairs
from kosent_lab.training import finetuning, packed, pretraining
from kosent_lab.training.encoded import encode_rows
from kosent_lab.training.options import FinetuningOptions, PretrainingOptions

SEEN = {"pretrain": {"train_rows": 3}, "finetune": {"data": "nsmc"}}
SHORT = {"steps": 3, "batch_tokens": 512, "compile": False, "looks": 1}


@pytest.fixture
def frame(pack):
    rows = pack.head(300).reset_index(drop=True)
    split = pd.Series(["train", "train", "valid"] * 100)
    numbers = rows.index.to_numpy()
    return pd.DataFrame({
        "text": rows["text"].mask(rows.index == 7), "label": rows["label"], "split": split, "corpus": "nsmc",
        "rating": pd.array(numbers % 10 + 1, dtype="Int64"), "soft_target": numbers / 300, "share": 0.1 + numbers % 3,
    })  # fmt: skip


@pytest.fixture
def file(frame, tiny_tokenizer, tmp_path):
    rows = encode_rows(tiny_tokenizer, frame, what="a test")
    few = encode_rows(tiny_tokenizer, frame.iloc[50:200].drop(columns="share"), what="a test")
    packed.save_packed({"pretrain": rows, "finetune": few}, SEEN, {}, tmp_path / "packed.safetensors")
    return tmp_path / "packed.safetensors"


def test_rows_come_back_to_the_bit(frame, tiny_tokenizer, file):
    for stage, part in (("pretrain", frame), ("finetune", frame.iloc[50:200].drop(columns="share"))):
        rows, seen = packed.load_packed(file, stage)
        before = encode_rows(tiny_tokenizer, part, what="a test")
        pd.testing.assert_frame_equal(rows.columns, before.columns, check_exact=True, check_column_type=False)
        assert rows.sha256 == before.sha256
        assert [row.tolist() for row in rows.ids] == [row.tolist() for row in before.ids]
        assert seen == SEEN[stage]


def test_a_text_that_both_stages_read_is_kept_once(frame, tiny_tokenizer, file, tmp_path):
    rows = encode_rows(tiny_tokenizer, frame, what="a test")
    packed.save_packed({"pretrain": rows}, SEEN, {}, tmp_path / "one.safetensors")
    assert file.stat().st_size < 1.3 * (tmp_path / "one.safetensors").stat().st_size


def test_finetuning_learns_the_same_from_it(frame, tiny_tokenizer, file, tmp_path):
    options = FinetuningOptions(**SHORT)
    results = []
    for name, rows in (("a", frame.iloc[50:200].drop(columns="share")), ("b", packed.load_packed(file, "finetune")[0])):
        model = electra.new_classifier(tiny_tokenizer.get_vocab_size(), layers=1)
        history = finetuning.train(model, tiny_tokenizer, rows, folder=tmp_path / name, options=options)
        results.append((history.drop(columns=["minutes", "seconds"]), model.state_dict()))
    pd.testing.assert_frame_equal(results[0][0], results[1][0], check_exact=True)
    assert all(torch.equal(value, results[1][1][name]) for name, value in results[0][1].items())


def test_pretraining_learns_the_same_from_it(frame, tiny_tokenizer, file, tmp_path):
    options = PretrainingOptions(**SHORT)
    weights = []
    for name, rows in (("a", frame), ("b", packed.load_packed(file, "pretrain")[0])):
        pair = pairs.new_pair(tiny_tokenizer.get_vocab_size(), layers=1)
        pretraining.start_from_text(pair, tiny_tokenizer, rows)
        pretraining.pretrain(pair, tiny_tokenizer, rows, folder=tmp_path / name, options=options)
        weights.append(pair.state_dict())
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_another_vocabulary_is_refused(tiny_tokenizer, file):
    rows, _ = packed.load_packed(file, "finetune")
    other = dataclasses.replace(rows, vocabulary="0" * 64)
    with pytest.raises(DataError, match=r"another vocabulary \(SHA-256 000000000000\)"):
        encode_rows(tiny_tokenizer, other, what="a test")


def test_where_a_tokenizer_would_cut_is_no_other_vocabulary(tiny_tokenizer, file):
    rows, _ = packed.load_packed(file, "finetune")
    cutting = Tokenizer.from_str(tiny_tokenizer.to_str())
    cutting.enable_truncation(5)
    assert encode_rows(cutting, rows, what="a test") is rows


def test_other_inputs_are_refused_by_name(frame, tiny_tokenizer, tmp_path):
    rows = encode_rows(tiny_tokenizer, frame, what="a test")
    inputs = packed.inputs_sha256(["kosent-teaching", "kosent-pack"])
    assert set(inputs) == {
        "kosent-teaching:packs/kosent-teaching/texts.csv",
        "kosent-teaching:grammar.toml",
        "kosent-pack:packs/kosent-pack.csv",
    }
    path = tmp_path / "p.safetensors"
    packed.save_packed({"pretrain": rows}, SEEN, inputs, path)
    packed.load_packed(path, "pretrain")
    packed.save_packed({"pretrain": rows}, SEEN, inputs | {"kosent-teaching:grammar.toml": "1" * 64}, path)
    with pytest.raises(DataError, match=r"packed from another kosent-teaching:grammar.toml \(SHA-256 1{12} there"):
        packed.load_packed(path, "pretrain")


def test_what_is_no_packed_file_is_told(file, tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        packed.load_packed(tmp_path / "none.safetensors", "pretrain")
    (tmp_path / "short.safetensors").write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DataError, match="cannot be read"):
        packed.load_packed(tmp_path / "short.safetensors", "pretrain")
    save_file({"a": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(DataError, match="is no file that kosent-lab train pack"):
        packed.load_packed(tmp_path / "other.safetensors", "pretrain")


def test_a_stage_that_was_not_packed_is_told(frame, tiny_tokenizer, tmp_path):
    rows = encode_rows(tiny_tokenizer, frame, what="a test")
    packed.save_packed({"pretrain": rows}, SEEN, {}, tmp_path / "p.safetensors")
    with pytest.raises(DataError, match="holds nothing for finetune"):
        packed.load_packed(tmp_path / "p.safetensors", "finetune")


def test_a_piece_that_does_not_fit_is_refused_not_wrapped(frame, tiny_tokenizer, tmp_path):
    rows = encode_rows(tiny_tokenizer, frame, what="a test")
    large = dataclasses.replace(rows, ids=[row + 65_500 for row in rows.ids])
    with pytest.raises(DataError, match="up to 65,536 pieces"):
        packed.save_packed({"pretrain": large}, SEEN, {}, tmp_path / "p.safetensors")
