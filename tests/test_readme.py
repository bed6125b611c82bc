"""What the README and the other pages tell a reader to type works as it stands."""

import re
import shlex

import matplotlib
import matplotlib.pyplot as plt
import pytest

from kosent_lab.cli import parser
from tests.conftest import ROOT

matplotlib.use("Agg")
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "data/README.md",
    "notebooks/README.md",
    "data/models/kosent-electra-small/MODEL_CARD.md",
    "data/models/kosent-electra-small-rtd/MODEL_CARD.md",
    "data/models/kosent-electra-3/MODEL_CARD.md",
]
COMMAND = re.compile(
    r"(?:\.venv/bin/python -m kosent_lab\.cli|kosent-lab) "
    r"((?:report|predict|evaluate|data|study|train|bench|notebooks) .*)"
)


def commands(page):
    text = (ROOT / page).read_text("utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    lines += re.findall(r"`([^`\n]+)`", text)
    found = [match.group(1) for line in lines if (match := COMMAND.fullmatch(line.strip()))]
    return [shlex.split(command, comments=True) for command in found if "NAME" not in command]


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_understood(page):
    found = commands(page)
    assert found or page in ("CONTRIBUTING.md", "data/README.md", "notebooks/README.md")
    known = parser.build_parser()
    for arguments in found:
        assert known.parse_args(arguments).run


def test_the_python_of_the_readme_runs(capsys):
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), flags=re.S)
    assert len([line for line in program.splitlines() if line.strip()]) <= 12
    exec(compile(program, "README.md", "exec"), {})
    shown = capsys.readouterr().out
    assert "accuracy" in shown
    assert "sarcasm_cue" in shown
    plt.close("all")


def test_pictures_of_the_readme_are_there():
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text("utf-8")):
        assert (ROOT / path).exists(), path
