import json

import pandas as pd
import pytest

from kosent_lab.cli import parser
from kosent_lab.core.exceptions import DataError
from kosent_lab.training import finetuning


def test_a_file_of_ones_own_is_finetuned_by_one_command(tmp_path, pack, capsys):
    rows = pack.sample(200, random_state=0).reset_index(drop=True)
    stars = rows["label"].map({0: "1", 1: "5"}).fillna("3")
    text = stars.map({"1": "별로 ", "3": "보통 ", "5": "최고 "}) + rows["text"].str[:8]
    data = tmp_path / "별점.csv"
    pd.DataFrame({"내용": text, "별점": stars}).to_csv(data, index=False)
    common = ["train", "finetune", "--data", str(data), "--text-column", "내용", "--label-column", "별점"]
    short = ["--layers", "1", "--steps", "8", "--no-compile", "--batch-tokens", "512"]
    out = tmp_path / "out"
    assert parser.main([*common, *short, "--classes", "1,3,5", "--seeds", "2", "--out", str(out)]) == 0
    result = json.loads((out / "seeds.json").read_text("utf-8"))
    assert result["seeds"] == 2
    assert 0 <= result["accuracy_mean"] <= 1
    card = (out / "seed-1" / "model" / "MODEL_CARD.md").read_text("utf-8")
    assert "classes: 1, 3, 5" in card
    assert "별점.csv" in card
    config = json.loads((out / "seed-0" / "model" / "config.json").read_text("utf-8"))
    assert config["id2label"] == {"0": "1", "1": "3", "2": "5"}
    scored, model = tmp_path / "scored.csv", ["--model", str(out / "seed-0" / "model")]
    assert parser.main(["predict", str(data), *model, "--text-column", "내용", "--out", str(scored)]) == 0
    answers = pd.read_csv(scored, dtype={"pred": str})
    probabilities = answers[["class_prob_1", "class_prob_3", "class_prob_5"]]
    assert "class_logit_5" in answers.columns
    assert probabilities.sum(axis=1).round(6).eq(1).all()
    assert answers["pred"].tolist() == probabilities.idxmax(axis=1).str.removeprefix("class_prob_").tolist()
    assert answers["confidence"].tolist() == pytest.approx(probabilities.max(axis=1).tolist())
    capsys.readouterr()
    assert parser.main(["evaluate", "--data", "kosent-pack", *model]) == 1
    assert "this one has 3" in capsys.readouterr().err
    assert parser.main([*common, *short, "--classes", "1,5", "--out", str(out)]) == 1
    assert "is labelled '3', and --classes names ['1', '5']" in capsys.readouterr().err
    assert parser.main([*common, *short, "--out", str(out)]) == 1
    assert "a label is 0, 1, negative" in capsys.readouterr().err
    assert parser.main([*common, *short, "--classes", "1", "--out", str(out)]) == 1
    assert "two or more different names" in capsys.readouterr().err


def test_a_polarity_file_makes_a_model_that_predicts(tmp_path, pack):
    data, out = tmp_path / "mine.csv", tmp_path / "out"
    pack.head(150)[["text", "polarity"]].rename(columns={"polarity": "label"}).to_csv(data, index=False)
    short = ["--layers", "1", "--epochs", "1", "--no-compile", "--batch-tokens", "512"]
    assert parser.main(["train", "finetune", "--data", str(data), *short, "--out", str(out)]) == 0
    scored = tmp_path / "scored.csv"
    assert parser.main(["predict", str(data), "--model", str(out / "model"), "--out", str(scored)]) == 0
    assert len(pd.read_csv(scored)) == 150


def test_a_run_is_never_given_out_as_that_of_other_labels(tmp_path, pack, capsys):
    """Labels upside down, then the right ones into the same --out: refused, the first model and its card stay."""
    rows = pack[pack["label"].notna()].head(60)[["text", "label"]]
    for name, labels in (("flipped", 1 - rows["label"]), ("right", rows["label"])):
        rows.assign(label=labels).to_csv(tmp_path / f"{name}.csv", index=False)
    out, short = tmp_path / "r", ["--layers", "1", "--steps", "2", "--looks", "1", "--no-compile"]
    assert parser.main(["train", "finetune", "--data", str(tmp_path / "flipped.csv"), *short, "--out", str(out)]) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    command = ["train", "finetune", "--data", str(tmp_path / "right.csv"), *short, "--out", str(out)]
    capsys.readouterr()
    assert parser.main(command) == 1
    assert "is of another job; these differ: labels. Give another --out" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert "flipped.csv" in (out / "model" / "MODEL_CARD.md").read_text("utf-8")
    (out / "checkpoint.safetensors").unlink()
    assert parser.main(command) == 0
    assert "right.csv" in (out / "model" / "MODEL_CARD.md").read_text("utf-8")
    taught = json.loads((out / "model" / "training_data.json").read_text("utf-8"))
    assert taught["data"].endswith("right.csv")


def test_a_try_that_fails_leaves_no_run(tmp_path, pack):
    pack.head(60)[["text", "label"]].to_csv(tmp_path / "a.csv", index=False)
    command = ["train", "finetune", "--data", str(tmp_path / "a.csv"), "--label-column", "text", "--out"]
    assert parser.main([*command, str(tmp_path / "r")]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize(
    "option",
    [
        ["--teach", "0.2"],
        ["--official-only"],
        ["--text-column", "review"],
        ["--data", "kosent-pack"],
        ["--classes", "negative,positive"],
    ],
)
def test_a_packed_file_is_of_its_own_rows(tmp_path, capsys, option):
    command = [
        "train",
        "finetune",
        "--packed",
        str(tmp_path / "p.safetensors"),
        "--out",
        str(tmp_path / "out"),
        *option,
    ]
    assert parser.main(command) == 1
    assert "was made of its own rows; leave" in capsys.readouterr().err
    plain = ["train", "pretrain", "--packed", "p.safetensors", "--data", "nsmc", "--out", str(tmp_path / "out")]
    assert parser.main(plain) == 1
    assert "was made of its own data; leave --data out" in capsys.readouterr().err


def test_a_packed_file_draws_its_rows_as_its_own_data_would(tmp_path, pack, monkeypatch):
    data, packed, free = tmp_path / "pol.csv", tmp_path / "p.safetensors", tmp_path / "free.csv"
    pack[pack["label"].notna()].head(80)[["text", "label"]].to_csv(data, index=False)
    pd.DataFrame({"text": [f"{n}번째 손님이 남긴 글이라 아무 뜻도 없어요" for n in range(60)]}).to_csv(
        free, index=False
    )
    assert parser.main(["train", "pack", "--labels", str(data), "--data", str(free), "--out", str(packed)]) == 0
    asked = []

    def train(*_, options, **__):
        asked.append(options)
        raise DataError("asked")

    monkeypatch.setattr(finetuning, "train", train)
    for name, given in (("plain", ["--data", str(data)]), ("packed", ["--packed", str(packed)])):
        short = ["--layers", "1", "--steps", "2", "--no-compile", "--out", str(tmp_path / name)]
        assert parser.main(["train", "finetune", *given, *short]) == 1
    assert asked[0] == asked[1]
    assert asked[0].positive_share == 1.0


def test_another_vocabulary_is_not_put_under_weights_that_were_taught(tmp_path, pack, tiny_tokenizer, capsys):
    (tmp_path / "other").mkdir()
    tiny_tokenizer.save(str(tmp_path / "other" / "tokenizer.json"))
    pack[pack["label"].notna()].head(40)[["text", "label"]].to_csv(tmp_path / "a.csv", index=False)
    command = ["train", "finetune", "--data", str(tmp_path / "a.csv"), "--init", "kosent-electra-small", "--steps", "1"]
    command += ["--vocabulary", str(tmp_path / "other"), "--out", str(tmp_path / "r")]
    assert parser.main(command) == 1
    assert "were taught with another vocabulary" in capsys.readouterr().err


def test_two_classes_of_ones_own_are_read_by_their_names(tmp_path, pack):
    rows = pack.head(60)[["text"]].assign(label=["formal", "informal"] * 30)
    rows.to_csv(tmp_path / "a.csv", index=False)
    short = ["--layers", "1", "--steps", "2", "--looks", "1", "--no-compile", "--out", str(tmp_path / "r")]
    command = ["train", "finetune", "--data", str(tmp_path / "a.csv"), "--classes", "formal,informal", *short]
    assert parser.main(command) == 0
    out, model = tmp_path / "scored.csv", str(tmp_path / "r" / "model")
    assert parser.main(["predict", str(tmp_path / "a.csv"), "--model", model, "--out", str(out)]) == 0
    assert set(pd.read_csv(out)["pred"]) <= {"formal", "informal"}


def test_a_vocabulary_is_named_as_a_model_is(tmp_path, pack, capsys):
    pack[pack["label"].notna()].head(40)[["text", "label"]].to_csv(tmp_path / "a.csv", index=False)
    command = ["train", "finetune", "--data", str(tmp_path / "a.csv"), "--layers", "1", "--steps", "1", "--no-compile"]
    assert parser.main([*command, "--vocabulary", "kosent-electra-small-rtd", "--out", str(tmp_path / "r")]) == 0
    assert parser.main([*command, "--vocabulary", "kosent-electra-smal", "--out", str(tmp_path / "s")]) == 1
    assert "there is no folder 'kosent-electra-smal'" in capsys.readouterr().err
