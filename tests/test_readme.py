"""What pages tell a reader holds: commands parse, the Python runs, links lead somewhere, numbers are a command's."""

import re
import shlex
from collections import Counter
from urllib.parse import unquote

import matplotlib
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from kosent_lab.cli import parser
from kosent_lab.models.classifier import load_classifier
from kosent_lab.results import pages
from kosent_lab.scoring.predict import predict_frame
from tests.conftest import ROOT

matplotlib.use("Agg")
FRONT = ("README.md", "README.ko.md")
PAGES = [*pages.PAGES, "docs/FILES.md", "docs/CORPORA.md", "CONTRIBUTING.md", "data/README.md", "notebooks/README.md"]
COMMAND = re.compile(
    r"(?:\.venv/bin/python -m kosent_lab\.cli|kosent-lab) "
    r"((?:report|predict|evaluate|tokens|data|corpus|study|train|bench|notebooks|results)\b.*)"
)
MAKE = re.compile(r"make (?:report|test|lab|notebooks|bench|hostile)\b.*")
RENDER = MarkdownIt("commonmark", {"html": True}).enable("table")


def typed(page):
    """Return every line of a page that a reader may type: indented ones and code within sentences."""
    text = (ROOT / page).read_text("utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    return lines + [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", text.replace("```", ""))]


def commands(page):
    found = [match.group(1) for line in typed(page) if (match := COMMAND.fullmatch(line))]
    whole = [shlex.split(command, comments=True) for command in found if "NAME" not in command and "…" not in command]
    return [words for words in whole if len(words) != 2 or words[0] != "corpus"]  # which alone are the command's name


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_understood(page):
    found = commands(page)
    assert found
    known = parser.build_parser()
    for arguments in found:
        assert known.parse_args(arguments).run


@pytest.mark.parametrize("page", FRONT)
def test_the_python_of_the_readme_runs(page, capsys, tmp_path, monkeypatch):
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), flags=re.S)
    assert len([line for line in program.splitlines() if line.strip()]) <= 10
    monkeypatch.chdir(tmp_path)
    exec(compile(program, page, "exec"), {})
    shown = capsys.readouterr().out
    assert "accuracy" in shown
    assert "sarcasm_cue" in shown
    assert list(tmp_path.rglob("*.html"))
    plt.close("all")


def anchors(path):
    tokens = RENDER.parse(path.read_text("utf-8"))
    headings = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    """Files by their path, headings by the name that GitHub gives them."""
    inline = [child for token in RENDER.parse((ROOT / page).read_text("utf-8")) for child in token.children or []]
    targets = [child.attrs[key] for child in inline for key in ("href", "src") if key in child.attrs]
    for target in targets:
        if not target.startswith("https://"):
            name, _, heading = unquote(target).partition("#")
            path = (ROOT / page).parent / name if name else ROOT / page
            assert path.exists(), target
            assert not heading or heading in anchors(path), target


@pytest.mark.parametrize("page", pages.PAGES)
def test_regions_are_drawn_as_tables_and_sentences(page):
    """A comment at the head of a line makes the rest of that line raw HTML, and a table without its rule is text."""
    shown = RENDER.render((ROOT / page).read_text("utf-8"))
    assert "|--" not in shown
    assert not re.search(r"^\| ", shown, flags=re.M)
    assert not re.search(r"^<!-- /?results[^>]*-->.*\S", shown, flags=re.M)


@pytest.mark.parametrize("page", FRONT)
def test_every_number_of_the_readme_is_a_commands(page):
    """Outside of marked regions there are none, but in what is typed, in names of files, versions, and notebooks."""
    text = pages.REGION.sub("", (ROOT / page).read_text("utf-8"))
    text = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", " ", text, flags=re.S)
    lines = [line for line in text.splitlines() if not line.startswith("    ")]
    text = re.sub(r"\[\d\d |(?:notebook|노트북) \d\d|Python 3\.\d+(?:(?: to |–)3\.\d+)?|CC0", " ", "\n".join(lines))
    assert re.findall(r".*\d.*", text) == []


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 130


def test_both_languages_name_the_same_commands_and_numbers():
    texts = [(ROOT / page).read_text("utf-8") for page in FRONT]
    named = [[line for line in typed(page) if COMMAND.fullmatch(line) or MAKE.fullmatch(line)] for page in FRONT]
    # what a comment says is in the page's own language
    named = [Counter(re.sub(r"\s+#.*", "", line) for line in lines) for lines in named]
    assert named[0] == named[1]
    assert sum(named[0].values()) >= 9
    regions = [" ".join(region for _, region in pages.REGION.findall(text)) for text in texts]
    numbers = [Counter(re.findall(r"[\d.,]*\d", re.sub(r"`[^`]*`", "", region))) for region in regions]
    assert numbers[0] == numbers[1]
    assert sum(numbers[0].values()) > 60
    code, links = r"`([^`\n]+)`", r"\]\(((?!README)[^)]+)\)"
    # one picture is of the page in its own language
    assert {*re.findall(links, texts[0])} == {*re.findall(links, texts[1].replace("report-ko.png", "report.png"))}
    assert {c for c in re.findall(code, texts[0]) if c.isascii()} == {
        c for c in re.findall(code, texts[1]) if c.isascii()
    }


@pytest.mark.parametrize("name", ["kosent-electra-small", "kosent-electra-small-fast"])
def test_a_models_card_says_what_it_is_and_loads_it_as_we_do(name, capsys, monkeypatch):
    card = (ROOT / "data" / "models" / name / "MODEL_CARD.md").read_text("utf-8")
    about = ModelCard(card).data.to_dict()
    assert (about["language"], about["license"], about["pipeline_tag"]) == ("ko", "mit", "text-classification")
    (program,) = re.findall(r"```python\n(.*?)```", card, flags=re.S)
    monkeypatch.chdir(ROOT)
    found = {}
    exec(compile(program, name, "exec"), found)
    assert "positive" in capsys.readouterr().out
    texts = ["별로예요", "최고의 영화!", "글" * 700]
    theirs = [one["score"] if one["label"] == "positive" else 1 - one["score"] for one in found["classify"](texts)]
    ours = predict_frame(pd.DataFrame({"text": texts}), load_classifier(name))["prob_1"]
    assert theirs == pytest.approx(ours.tolist(), abs=1e-4)
