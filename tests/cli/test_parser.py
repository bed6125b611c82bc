import argparse

import pytest

from kosent_lab.cli import parser


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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["report", "--label-map", "1=0"],
            "report: error: there is no option '--label-map'; did you mean --map-labels?",
        ),
        (["report", "--langauge=ko"], "there is no option '--langauge=ko'; did you mean --language?"),
        (["report", "reviews.csv"], "kosent-lab report: error: no option takes 'reviews.csv'"),
        (["report", "--slice", "매장", "지점"], "no option takes '지점'; write one before each value"),
        (
            ["corpus", "verify", "d", "--frobnicate"],
            "corpus verify: error: there is no option '--frobnicate'\n",
        ),
    ],
)
def test_what_no_option_takes_is_told_by_its_command(arguments, told, capsys):
    with pytest.raises(SystemExit):
        parser.main(arguments)
    assert told in capsys.readouterr().err


def test_every_option_says_what_it_is():
    """And its default, where it has one: nobody looks for it in the code."""

    def silent(commands, words):
        for action in commands._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, below in action.choices.items():
                    yield from silent(below, [*words, name])
            elif not action.help:
                yield " ".join([*words, *action.option_strings, action.dest])
        shown = " ".join(commands.format_help().split())
        for action in commands._actions:
            if action.nargs != 0 and isinstance(action.default, (int, float)) and "default" not in (action.help or ""):
                assert f"(default: {action.default})" in shown, words

    assert list(silent(parser.build_parser(), [])) == []


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
