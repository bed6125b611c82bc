import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from kosent_lab import cli

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
        cli.main(["--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    for command in ("report", "predict", "evaluate", "tokens", "data", "train", "bench"):
        assert command in shown


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["predict", "a.csv"], ["data", "fetch"]])
def test_wrong_arguments_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
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
        assert cli.main([*arguments]) == 1
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
    assert cli.main([*arguments, "--model", str(tiny_folder), "--out", str(out)]) == 0
    assert str(out / "report.html") in capsys.readouterr().out
    page = (out / "report.html").read_text("utf-8")
    assert "--text-column 내용" in page
    scored = pd.read_parquet(out / "predictions-내-리뷰.csv.parquet")
    assert len(scored) == 80
    # again: what it wrote is replaced, not added to
    assert cli.main([*arguments, "--model", str(tiny_folder), "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["predictions-내-리뷰.csv.parquet", "report.html"]


def test_report_calibrates_on_the_rows_given(reviews, tiny_folder, tmp_path):
    out = tmp_path / "r"
    names = ["--text-column", "내용", "--label-column", "평가"]
    arguments = ["report", "--data", str(reviews), "--calib", str(reviews), *names, "--model", str(tiny_folder)]
    assert cli.main([*arguments, "--out", str(out)]) == 0
    assert "was fitted on" in (out / "report.html").read_text("utf-8")


def test_predict_writes_and_resumes(reviews, tiny_folder, tmp_path, capsys):
    out = tmp_path / "out.csv"
    arguments = ["predict", str(reviews), "--out", str(out), "--text-column", "내용", "--model", str(tiny_folder)]
    assert cli.main(arguments) == 0
    assert len(pd.read_csv(out)) == 80
    assert cli.main(arguments) == 1
    assert "exists and is not overwritten" in capsys.readouterr().err
    assert cli.main([*arguments, "--resume"]) == 0


def test_evaluate_writes_stable_keys(tiny_folder, tmp_path, capsys):
    path = tmp_path / "out.json"
    assert (
        cli.main(
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
    assert cli.main(["evaluate", "--data", str(path), "--model", str(tiny_folder)]) == 1
    assert "rows with a label 0 or 1" in capsys.readouterr().err


def test_tokens_of_a_text_and_of_a_file(reviews, tmp_path, capsys):
    path = tmp_path / "tokens.json"
    assert cli.main(["tokens", "재미가 있다", "--json", str(path)]) == 0
    rows = json.loads(path.read_text("utf-8"))
    assert [row["eojeol"] for row in rows] == ["재미가", "있다"]
    assert cli.main(["tokens", str(reviews), "--text-column", "내용"]) == 0
    assert "eojeol_index" in capsys.readouterr().out


def test_data_list_and_verify(capsys):
    assert cli.main(["data", "list"]) == 0
    shown = capsys.readouterr().out
    assert "kosent-pack" in shown
    assert "CC0-1.0" in shown
    assert cli.main(["data", "verify", "kosent-pack"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("ok")


@pytest.mark.corpora
def test_verify_nsmc_prints_the_blob_hashes(capsys):
    assert cli.main(["data", "verify", "nsmc"]) == 0
    shown = capsys.readouterr().out
    for digest in ("9cd603e0d9a3685955fd8994052be3ae143dafdb", "ac0dba272895dc1d0b3dd5f11afbeaeb7abe7876",
                   "b6cfcd8cd1557bcd9bf06617b0e429ed73e9a367"):  # fmt: skip
        assert digest in shown
    assert shown.rstrip().endswith("ok")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_is_told(reviews, tiny_folder, tmp_path, capsys):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert cli.main(["report", "--data", "kosent-pack", "--model", str(tiny_folder), "--out", str(locked / "r")]) == 1
    assert "Permission denied" in capsys.readouterr().err


def test_a_file_in_the_folders_place_is_told(tiny_folder, tmp_path, capsys):
    (tmp_path / "taken").write_text("mine")
    assert (
        cli.main(["report", "--data", "kosent-pack", "--model", str(tiny_folder), "--out", str(tmp_path / "taken")])
        == 1
    )
    assert "taken" in capsys.readouterr().err
    assert (tmp_path / "taken").read_text() == "mine"


def test_full_disk_is_told_and_what_was_there_stays(tiny_folder, reviews, tmp_path, capsys, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device", "shard")

    monkeypatch.setattr("kosent_lab.predict.write_parquet", full)
    out = tmp_path / "o.parquet"
    arguments = ["predict", str(reviews), "--out", str(out), "--text-column", "내용", "--model", str(tiny_folder)]
    assert cli.main(arguments) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert not out.exists()
    monkeypatch.undo()
    assert cli.main(arguments) == 0


def test_killed_process_goes_on(reviews, tiny_folder, tmp_path):
    """A real kill: the process dies after its first shard, and the next one ends with the same bytes."""
    program = (
        "import os, sys\n"
        "from kosent_lab import cli, predict\n"
        "write = predict.write_parquet\n"
        "def once(frame, path):\n"
        "    write(frame, path)\n"
        "    os.kill(os.getpid(), 9)\n"
        "predict.write_parquet = once\n"
        "sys.exit(cli.main(sys.argv[1:]))\n"
    )
    arguments = ["predict", str(reviews), "--text-column", "내용", "--model", str(tiny_folder), "--shard-rows", "30"]
    out, whole = tmp_path / "o.parquet", tmp_path / "whole.parquet"
    killed = subprocess.run([sys.executable, "-c", program, *arguments, "--out", str(out)], check=False)
    assert killed.returncode == -9
    assert (tmp_path / "o.parquet.parts" / "part-00000.parquet").exists()
    assert cli.main([*arguments, "--out", str(out)]) == 0
    assert cli.main([*arguments, "--out", str(whole)]) == 0
    assert out.read_bytes() == whole.read_bytes()
