import html
import json
import os
import subprocess
import sys
import unicodedata

import pandas as pd
import pytest

from kosent_lab import scoring
from kosent_lab.calibration.calibrators import fit_shift
from kosent_lab.cli import commands, parser
from kosent_lab.korean import morphology
from kosent_lab.models.classifier import load_classifier
from kosent_lab.scoring.predict import predict_frame

pytestmark = pytest.mark.usefixtures("_quiet_bars")


@pytest.fixture
def _quiet_bars(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")


@pytest.fixture
def reviews(tmp_path, pack):
    path = tmp_path / "내 리뷰.csv"
    pack.head(80).rename(columns={"text": "내용", "polarity": "평가"})[["내용", "평가"]].to_csv(path, index=False)
    return path


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        parser.main(["--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    for command in ("report", "predict", "evaluate", "tokens", "data", "train", "notebooks", "bench"):
        assert command in shown


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["predict", "a.csv"], ["data", "fetch"]])
def test_wrong_arguments_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        parser.main(arguments)
    assert stop.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_failures_are_told_without_a_traceback(capsys, tmp_path, tiny_folder):
    model = ["--model", str(tiny_folder)]
    for arguments, words in [
        (["predict", str(tmp_path / "none.csv"), "--out", str(tmp_path / "o.csv"), *model], "there is no file"),
        (["evaluate", "--data", "nscm", *model], "Did you mean 'nsmc'"),
        (["report", "--model", str(tmp_path / "no model")], "there is no folder"),
        (["data", "verify", "kosent-packs"], "Did you mean 'kosent-pack'"),
    ]:
        assert parser.main([*arguments]) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert error.startswith("kosent-lab: ")
        assert words in error


def test_report_of_a_users_file(reviews, tiny_folder, tmp_path, capsys):
    out = tmp_path / "보고서"
    arguments = [
        "report",
        "--data",
        str(reviews),
        "--text-column",
        "내용",
        "--label-column",
        "평가",
        "--language",
        "ko",
    ]
    assert parser.main([*arguments, "--model", str(tiny_folder), "--out", str(out)]) == 0
    assert str(out / "report.html") in capsys.readouterr().out
    page = html.unescape((out / "report.html").read_text("utf-8"))
    assert "--text-column '내용'" in page
    assert "데이터: 내 리뷰.csv" in page
    scored = pd.read_parquet(out / "predictions-내-리뷰.csv.parquet")
    assert len(scored) == 80
    # again: what it wrote is replaced, not added to
    assert parser.main([*arguments, "--model", str(tiny_folder), "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "figures",
        "predictions-내-리뷰.csv.parquet",
        "report.html",
    ]
    assert {path.name for path in (out / "figures").iterdir()} >= {"part1-reliability.svg", "part1-coverage.svg"}


def test_without_kiwi_tokens_are_shown_without_particles(monkeypatch, capsys):
    morphology.analyser.cache_clear()
    monkeypatch.setitem(sys.modules, "kiwipiepy", None)
    assert parser.main(["tokens", "재미가 있다"]) == 0
    shown = capsys.readouterr()
    assert "재미가" in shown.out
    assert "josa" not in shown.out
    morphology.analyser.cache_clear()


@pytest.mark.corpora
def test_particles_are_measured_against_a_treebank(tmp_path):
    path = tmp_path / "josa.json"
    command = ["evaluate", "--task", "josa", "--data", "gsd:dev", "--limit", "60", "--json", str(path)]
    assert parser.main(command) == 0
    result = json.loads(path.read_text("utf-8"))
    assert result["sentences"] == 60
    assert result["f1_ci"][0] < result["f1"] <= result["f1_ci"][1]


def test_an_unknown_treebank_is_told(capsys):
    assert parser.main(["evaluate", "--task", "josa", "--data", "nsmc:test"]) == 1
    assert "--task josa needs --data TREEBANK:SPLIT (klue_dp, gsd" in capsys.readouterr().err


def test_without_the_corpus_the_report_takes_saved_answers(tmp_path, monkeypatch, capsys, tiny, pack):
    folder = tmp_path / "scored"
    monkeypatch.setenv("KOSENT_SCORED", str(folder))
    monkeypatch.setenv("KOSENT_DATA", "")
    table = predict_frame(pack.head(90), tiny).assign(model_id=scoring.bundled_id())
    path = scoring.write_scored("nsmc-test", table, data_sha256="a" * 64)
    assert parser.main(["report", "--data", "saved:nsmc-test", "--out", str(tmp_path / "out")]) == 0
    page = html.unescape((tmp_path / "out/report.html").read_text("utf-8"))
    assert "a" * 64 in page
    assert "numbers without texts" in page
    assert pack["text"].iloc[0] not in page
    predictions = pd.read_parquet(tmp_path / "out/predictions-saved-nsmc-test.parquet")
    assert predictions["length_band"].tolist() == pd.read_parquet(path)["length_band"].tolist()
    arguments = parser.build_parser().parse_args(["report"])
    assert commands._film_reviews(arguments) == ["saved:nsmc-test"]
    path.unlink()
    assert commands._film_reviews(arguments) == []
    assert parser.main(["report", "--data", "saved:nsmc-test", "--out", str(tmp_path / "other")]) == 1
    assert "kosent-lab data score nsmc-test" in capsys.readouterr().err


def test_report_calibrates_on_the_rows_given(reviews, tiny_folder, tmp_path):
    out = tmp_path / "r"
    names = ["--text-column", "내용", "--label-column", "평가"]
    arguments = ["report", "--data", str(reviews), "--calib", str(reviews), *names, "--model", str(tiny_folder)]
    assert parser.main([*arguments, "--out", str(out)]) == 0
    assert "was fitted on" in (out / "report.html").read_text("utf-8")


def test_predict_writes_and_resumes(reviews, tiny_folder, tmp_path, capsys):
    out = tmp_path / "out.csv"
    arguments = ["predict", str(reviews), "--out", str(out), "--text-column", "내용", "--model", str(tiny_folder)]
    assert parser.main(arguments) == 0
    assert len(pd.read_csv(out)) == 80
    assert parser.main(arguments) == 1
    assert "exists and is not overwritten" in capsys.readouterr().err
    assert parser.main([*arguments, "--resume"]) == 0


def test_evaluate_writes_stable_keys(tiny_folder, tmp_path, capsys):
    path = tmp_path / "out.json"
    assert (
        parser.main(
            ["evaluate", "--data", "kosent-pack", "--limit", "200", "--model", str(tiny_folder), "--json", str(path)]
        )
        == 0
    )
    result = json.loads(path.read_text("utf-8"))
    needed = "n accuracy accuracy_ci accuracy_unleaked ece ece_calibrated brier nll temperature model_id data_sha256"
    assert set(needed.split()) <= set(result)
    assert result["n"] == 200
    assert result == json.loads(capsys.readouterr().out)


def test_evaluate_without_labels_says_so(tmp_path, tiny_folder, capsys):
    path = tmp_path / "a.csv"
    path.write_text("text\n좋다\n", "utf-8")
    assert parser.main(["evaluate", "--data", str(path), "--model", str(tiny_folder)]) == 1
    assert "rows with a label 0 or 1" in capsys.readouterr().err


def test_tokens_of_a_text_and_of_a_file(reviews, tmp_path, capsys):
    path = tmp_path / "tokens.json"
    assert parser.main(["tokens", "재미가 있다", "--json", str(path)]) == 0
    rows = json.loads(path.read_text("utf-8"))
    assert [row["eojeol"] for row in rows] == ["재미가", "있다"]
    rows = pd.DataFrame(json.loads(path.read_text("utf-8"))).set_index("eojeol")
    assert rows.loc["재미가", ["stem", "josa", "josa_tag", "agrees"]].tolist() == ["재미", "가", "JKS", True]
    assert rows.loc["있다", "josa"] == ""
    assert parser.main(["tokens", str(reviews), "--text-column", "내용"]) == 0
    assert "eojeol_index" in capsys.readouterr().out


def test_data_list_and_verify(capsys):
    assert parser.main(["data", "list"]) == 0
    shown = capsys.readouterr().out
    assert "kosent-pack" in shown
    assert "CC0-1.0" in shown
    assert parser.main(["data", "verify", "kosent-pack"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("ok")


@pytest.mark.corpora
def test_verify_nsmc_prints_the_blob_hashes(capsys):
    assert parser.main(["data", "verify", "nsmc"]) == 0
    shown = capsys.readouterr().out
    for digest in ("9cd603e0d9a3685955fd8994052be3ae143dafdb", "ac0dba272895dc1d0b3dd5f11afbeaeb7abe7876",
                   "b6cfcd8cd1557bcd9bf06617b0e429ed73e9a367"):  # fmt: skip
        assert digest in shown
    assert shown.rstrip().endswith("ok")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_is_told(reviews, tiny_folder, tmp_path, capsys):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert (
        parser.main(["report", "--data", "kosent-pack", "--model", str(tiny_folder), "--out", str(locked / "r")]) == 1
    )
    assert "Permission denied" in capsys.readouterr().err


def test_a_file_in_the_folders_place_is_told(tiny_folder, tmp_path, capsys):
    (tmp_path / "taken").write_text("mine")
    assert (
        parser.main(["report", "--data", "kosent-pack", "--model", str(tiny_folder), "--out", str(tmp_path / "taken")])
        == 1
    )
    assert "taken" in capsys.readouterr().err
    assert (tmp_path / "taken").read_text() == "mine"


def test_full_disk_is_told_and_what_was_there_stays(tiny_folder, reviews, tmp_path, capsys, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device", "shard")

    monkeypatch.setattr("kosent_lab.scoring.shards.write_parquet", full)
    out = tmp_path / "o.parquet"
    arguments = ["predict", str(reviews), "--out", str(out), "--text-column", "내용", "--model", str(tiny_folder)]
    assert parser.main(arguments) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert not out.exists()
    monkeypatch.undo()
    assert parser.main(arguments) == 0


def test_killed_process_goes_on(reviews, tiny_folder, tmp_path):
    """A real kill: the process dies after its first shard, and the next one ends with the same bytes."""
    program = (
        "import os, sys\n"
        "from kosent_lab import cli\nfrom kosent_lab.scoring import shards\n"
        "write = shards.write_parquet\n"
        "def once(frame, path):\n"
        "    write(frame, path)\n"
        "    os.kill(os.getpid(), 9)\n"
        "shards.write_parquet = once\n"
        "sys.exit(cli.main(sys.argv[1:]))\n"
    )
    arguments = ["predict", str(reviews), "--text-column", "내용", "--model", str(tiny_folder), "--shard-rows", "30"]
    out, whole = tmp_path / "o.parquet", tmp_path / "whole.parquet"
    killed = subprocess.run([sys.executable, "-c", program, *arguments, "--out", str(out)], check=False)
    assert killed.returncode == -9
    assert (tmp_path / "o.parquet.parts" / "part-00000.parquet").exists()
    assert parser.main([*arguments, "--out", str(out)]) == 0
    assert parser.main([*arguments, "--out", str(whole)]) == 0
    assert out.read_bytes() == whole.read_bytes()


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
        ["evaluate", "--data", str(tmp_path / "calib.csv"), "--model", str(folder)],
    ):
        assert parser.main(arguments) == 0, arguments
    shown = capsys.readouterr().out
    assert len(list((deep / "model").glob("model-*.safetensors"))) > 1
    assert [path.name for path in folder.glob("*.safetensors")] == ["model.safetensors"]
    assert '"split": "valid"' in shown
    result = json.loads(shown[shown.rindex("\n{") :])
    assert result["temperature"] is not None
    assert json.loads((folder / "calibration.json").read_text("utf-8"))["shift"] != 0
    assert (
        json.loads((folder / "training_data.json").read_text("utf-8"))["train_rows"]
        == (table["split"] == "train").sum()
    )
    for runs, message in (([run], "two runs or more"), ([run, deep], "only models of one depth")):
        assert parser.main(["train", "average", "--runs", *map(str, runs), "--out", str(tmp_path / "none")]) == 1
        assert message in capsys.readouterr().err
    once = load_classifier(folder)
    shifted = fit_shift(predict_frame(table[table["split"] == "valid"], once))
    assert shifted == pytest.approx(0, abs=0.02)  # what was found on valid is in the weights


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


def test_training_without_a_split_says_what_is_needed(reviews, tmp_path, capsys):
    arguments = ["train", "vocabulary", "--data", "kosent-pack", "--out", str(tmp_path / "v")]
    assert parser.main(arguments) == 1
    assert "needs a column split with train and valid" in capsys.readouterr().err


HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '=HYPERLINK("http://x")',
    "정말 좋아요👍🏽 최고",
    unicodedata.normalize("NFD", "음식이 별로예요"),
    "\u202e거꾸로 쓴 글\u202c",
    "a\0b",
    "",
    "   ",
    "nan",
    "아주 길다 " * 20_000,
    "줄이\n바뀌는 글",
    "ㅋㅋㅋㅋ",
    "12345",
]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_report_survives_a_hostile_file(suffix, tiny_folder, tmp_path):
    table = pd.DataFrame({"text": HOSTILE * 3, "label": ([0, 1, "neutral"] * len(HOSTILE))})
    path, out = tmp_path / f"a{suffix}", tmp_path / "r"
    if suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_json(path, orient="records", lines=True, force_ascii=False)
    assert parser.main(["report", "--data", str(path), "--model", str(tiny_folder), "--out", str(out)]) == 0
    page = (out / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "\0" not in page
    assert "\u202e" not in page
    scored = pd.read_parquet(out / f"predictions-a{suffix}.parquet")
    assert len(scored) == len(table)
    assert scored["text"].tolist()[:3] == HOSTILE[:3]
    assert scored["truncated"].sum() == 3


def test_calibration_on_one_class_falls_back_and_says_why(tiny_folder, tmp_path, capsys):
    path, out = tmp_path / "one.csv", tmp_path / "r"
    pd.DataFrame({"text": [f"글 {n}" for n in range(40)], "label": [1] * 40}).to_csv(path, index=False)
    arguments = [
        "report",
        "--data",
        "kosent-pack",
        "--calib",
        str(path),
        "--model",
        str(tiny_folder),
        "--out",
        str(out),
    ]
    assert parser.main(arguments) == 0
    assert "No temperature could be fitted: a temperature needs at least 20" in (out / "report.html").read_text("utf-8")


def test_two_inputs_of_one_name_are_refused(tiny_folder, tmp_path, capsys):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_text("text\n좋다\n", "utf-8")
    inputs = ["--data", str(tmp_path / "a" / "x.csv"), "--data", str(tmp_path / "b" / "x.csv")]
    assert parser.main(["report", *inputs, "--model", str(tiny_folder), "--out", str(tmp_path / "r")]) == 1
    assert "a file name of its own" in capsys.readouterr().err
