import json
import re

import pytest

from kosent_lab.calibration.temperature import fit_shift
from kosent_lab.cli import parser
from kosent_lab.models.classifier import load_classifier
from kosent_lab.scoring.predict import predict_frame


def test_train_commands_make_a_model_that_loads(tmp_path, pack, capsys):
    labelled = pack[pack["label"].notna()].reset_index(drop=True)
    names = ["train", "train", "train", "valid", "calib"]
    table = labelled[["doc_id", "text", "label"]].assign(split=[names[n % 5] for n in range(len(labelled))])
    data, folder = tmp_path / "train.csv", tmp_path / "모델"
    table.to_csv(data, index=False)
    held = []
    for name in ("calib", "valid"):
        table[table["split"] == name].to_csv(tmp_path / f"{name}.csv", index=False)
        held += [f"--{name}", str(tmp_path / f"{name}.csv")]
    soft, run, other, mean, deep = (tmp_path / name for name in ("soft.parquet", "run", "other", "mean", "deep"))
    common = ["--data", str(data), "--vocabulary", str(tmp_path / "vocabulary"), "--soft-targets", str(soft)]
    short = ["--steps", "20", "--batch-tokens", "1024", "--no-compile"]
    for arguments in (
        ["train", "vocabulary", "--data", str(data), "--size", "700", "--out", str(tmp_path / "vocabulary")],
        ["train", "baseline", "--data", str(data)],
        ["train", "baseline", "--data", str(data), "--soft-targets", str(soft)],
        ["train", "finetune", *common, *short, "--layers", "1", "--out", str(run)],
        ["train", "finetune", *common, *short, "--init", str(run), "--seed", "1", "--out", str(other)],
        ["train", "average", "--runs", str(run), str(other), "--out", str(mean)],
        # in files of a megabyte, which the packaging joins
        [
            "train",
            "finetune",
            *common,
            *short,
            "--init",
            str(mean),
            "--layers",
            "2",
            "--largest-mb",
            "1",
            "--out",
            str(deep),
        ],
        ["train", "package", "--run", str(deep), *held, "--out", str(folder)],
        ["evaluate", "--data", str(tmp_path / "valid.csv"), "--model", str(folder), "--json", "-"],
    ):
        assert parser.main(arguments) == 0, arguments
    shown = capsys.readouterr().out
    assert len(list((deep / "model").glob("model-*.safetensors"))) > 1
    assert [path.name for path in folder.glob("*.safetensors")] == ["model.safetensors"]
    assert re.search(r"^split +valid$", shown, re.M)
    result = json.loads(shown[shown.rindex("\n{") :])
    assert result["temperature"] is not None
    assert json.loads((folder / "calibration.json").read_text("utf-8"))["shift"] != 0
    assert (
        json.loads((folder / "training_data.json").read_text("utf-8"))["train_rows"]
        == (table["split"] == "train").sum()
    )
    taught = json.loads((folder / "training_data.json").read_text("utf-8"))
    mean_of = taught["began_from"][0]
    assert mean_of["model"].startswith("mean@")
    assert [one["model"].partition("@")[0] for one in mean_of["began_from"]] == ["run"]
    for runs, message in (([run], "two runs or more"), ([run, deep], "only models of one depth")):
        assert parser.main(["train", "average", "--runs", *map(str, runs), "--out", str(tmp_path / "none")]) == 1
        assert message in capsys.readouterr().err
    once = load_classifier(folder)
    shifted = fit_shift(predict_frame(table[table["split"] == "valid"], once))
    assert shifted == pytest.approx(0, abs=0.02)  # what was found on valid is in the weights


def test_soft_targets_are_all_that_is_made_where_they_are_asked_for(tmp_path, capsys):
    words = ["train", "baseline", "--soft-targets", str(tmp_path / "s.parquet"), "--teach", "--json", "-"]
    assert parser.main(words) == 1
    assert "leave --teach, --json out" in capsys.readouterr().err


def test_training_without_a_split_says_what_is_needed(reviews, tmp_path, capsys):
    arguments = ["train", "vocabulary", "--data", "kosent-pack", "--out", str(tmp_path / "v")]
    assert parser.main(arguments) == 1
    assert "needs a column split with train and valid" in capsys.readouterr().err
