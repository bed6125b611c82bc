"""Pages say what kept answers give, and a number changed by hand is caught."""

import re
import shutil
import subprocess
import sys

import pytest

from kosent_lab.cli import main
from kosent_lab.core.exceptions import DataError
from kosent_lab.results import pages
from tests.conftest import ROOT


@pytest.fixture
def page(tmp_path):
    """The README in a folder of its own."""
    shutil.copy(ROOT / "README.md", tmp_path / "README.md")
    return tmp_path / "README.md"


def test_pages_say_what_kept_answers_give():
    pages.check_pages()


def test_every_region_stands_in_a_page():
    named = {name for page in pages.PAGES for name, _ in pages.REGION.findall((ROOT / page).read_text("utf-8"))}
    assert named == set(pages.REGIONS)


def test_checking_loads_no_torch():
    program = "import sys; from kosent_lab.cli import main; code = main(['results', '--check'])\n"
    program += "print(code, *{'torch', 'transformers', 'matplotlib'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "0"


@pytest.mark.parametrize("place", [0, -1])
def test_a_number_changed_by_hand_is_caught(page, place):
    text = page.read_text("utf-8")
    region = list(pages.REGION.finditer(text))[place]
    digit = re.search(r"[1-8]", region[2])
    start = region.start(2) + digit.start()
    page.write_text(text[:start] + "9" + text[start + 1 :], "utf-8")
    number = text[:start].count("\n") + 1
    with pytest.raises(DataError, match=rf"README\.md, line {number} is not what kept answers give"):
        pages.check_pages(["README.md"], root=page.parent)
    assert pages.write_pages(["README.md"], root=page.parent) == ["README.md"]
    assert page.read_text("utf-8") == text
    assert pages.write_pages(["README.md"], root=page.parent) == []


def test_a_line_added_to_a_region_is_caught(page):
    text = page.read_text("utf-8")
    end = text.rindex("<!-- /results -->")
    page.write_text(text[:end] + "- One more.\n" + text[end:], "utf-8")
    with pytest.raises(DataError, match="One more"):
        pages.check_pages(["README.md"], root=page.parent)


def test_the_command_fails_where_a_page_differs(page, monkeypatch, capsys):
    monkeypatch.setattr(pages, "ROOT", page.parent)
    monkeypatch.setattr(pages, "PAGES", ("README.md",))
    assert main(["results", "--check"]) == 0
    page.write_text(page.read_text("utf-8").replace("50,000", "60,000"), "utf-8")
    assert main(["results", "--check"]) == 1
    assert "README.md, line" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<!-- results:nowhere -->1<!-- /results -->", "no region is called 'nowhere'; there are accuracy"),
        ("<!-- results:level -->95 %", "lacks its mate"),
        ("95 %<!-- /results -->", "lacks its mate"),
    ],
)
def test_a_broken_region_is_named(text, says):
    with pytest.raises(DataError, match=says):
        pages.fill(text)


def test_a_region_within_a_sentence_stays_within_it():
    filled = pages.fill("with <!-- results:level -->?<!-- /results --> intervals")
    assert filled == "with <!-- results:level -->95 %<!-- /results --> intervals"


def test_no_page_holds_a_number_that_is_none():
    for page in pages.PAGES:
        assert not re.search(r"\bnan\b", (ROOT / page).read_text("utf-8")), page
