import argparse
from pathlib import Path

import pytest

from kosent_lab.cli import outputs, parser
from kosent_lab.core.exceptions import DataError


def state(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    "command",
    [
        ["evaluate", "--data", "{v}", "--json", "{v}"],
        ["evaluate", "--calib", "{v}", "--json", "{v}"],
        ["evaluate", "--model", "{run}", "--json", "{run}"],
        ["predict", "{v}", "--out", "{v}"],
        ["predict", "{v}", "--out", "{link}"],
        ["tokens", "{v}", "--json", "{v}"],
        ["report", "--data", "kosent-pack", "--data", "{v}", "--out", "{v}"],
        ["train", "baseline", "--data", "{v}", "--soft-targets", "{v}"],
        ["train", "finetune", "--data", "{v}", "--init", "{run}", "--out", "{run}"],
        ["train", "pretrain", "--data", "{v}=0.5", "--out", "{v}"],
        ["train", "pack", "--labels", "{v}", "--out", "{v}"],
        ["train", "pretrain", "--data", "snapshot:{other}", "--out", "{other}"],
        ["train", "average", "--runs", "{other}", "{run}", "--out", "{run}"],
        ["train", "package", "--run", "{run}", "--out", "{run}"],
        ["train", "package", "--run", "{run}", "--out", "{run}/model"],
        ["train", "finetune", "--init", "{run}/model", "--out", "{run}"],
        ["evaluate", "--model", "{other}", "--json", "{other}/config.json"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_no_command_writes_over_what_it_reads(command, tmp_path, capsys):
    names = {name: tmp_path / name for name in ("run", "other")} | {"v": tmp_path / "v.csv", "link": tmp_path / "l.csv"}
    names["v"].write_text("text,label\n좋다,1\n", "utf-8")
    names["link"].symlink_to(names["v"])
    for name in ("run", "other"):
        names[name].mkdir()
        (names[name] / "config.json").write_text("{}")
    (names["run"] / "model").mkdir()
    before = state(tmp_path)
    assert parser.main([word.format(**names) for word in command]) == 1
    error = capsys.readouterr().err
    assert "is read by this command and would be overwritten" in error
    assert error.count("\n") == 1
    assert state(tmp_path) == before


def test_an_output_that_another_process_writes_is_refused(tmp_path, capsys, monkeypatch):
    from kosent_lab.core.locks import hold

    def refused(path):
        raise DataError(f"another process is writing {path}")

    monkeypatch.setattr(outputs, "hold", refused)
    assert parser.main(["tokens", "글", "--json", str(tmp_path / "a.json")]) == 1
    assert "another process is writing" in capsys.readouterr().err
    monkeypatch.setattr(outputs, "hold", hold)
    assert parser.main(["tokens", "글", "--json", str(tmp_path / "a.json")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_command_that_fails_leaves_no_folder(tmp_path):
    out = tmp_path / "new" / "folder" / "out.csv"
    assert parser.main(["predict", str(tmp_path / "absent.csv"), "--out", str(out)]) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_called_as_a_command_or_an_option_is_no_input(tmp_path, monkeypatch):
    """The second `kosent-lab report` writes into the folder `report` of the first."""
    monkeypatch.chdir(tmp_path)
    for name in ("report", "ko", "cpu"):
        Path(name).mkdir()
        options = {"command": "report", "language": "ko", "device": "cpu", "kinds": ["report"], "data": None}
        with outputs.guarded(argparse.Namespace(**options, out=Path(name))):
            pass


def test_texts_that_are_no_paths_are_no_inputs():
    arguments = argparse.Namespace(
        input="가" * 5_000, other="a\0b", data=["nsmc:test", Path("-")], run=print, json=None
    )
    with outputs.guarded(arguments):
        pass
