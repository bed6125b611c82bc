"""The pictures of README, taken again where KOSENT_PICTURES is set: the report's first screen and a widget."""

import os

import pytest
from PIL import Image

from kosent_lab.cli import main
from tests.browser.test_lab import run_notebook
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    not os.environ.get("KOSENT_PICTURES"), reason="writes docs/*.png: set KOSENT_PICTURES=1"
)
LARGEST = 300_000  # bytes


def keep(shot, name):
    """Write a picture of few enough bytes for a page."""
    path = ROOT / "docs" / name
    with Image.open(shot) as picture:
        picture.convert("RGB").save(path, optimize=True)
    assert path.stat().st_size < LARGEST


@pytest.mark.parametrize(("language", "name"), [("en", "report.png"), ("ko", "report-ko.png")])
def test_the_first_screen_of_the_report(page, tmp_path, language, name):
    # fp32, so that the picture states the numbers that the page around it states
    options = ["--data", "kosent-pack", "--precision", "fp32", "--language", language]
    assert main(["report", *options, "--out", str(tmp_path)]) == 0
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.goto((tmp_path / "report.html").as_uri())
    page.screenshot(path=tmp_path / "shot.png", clip={"x": 200, "y": 0, "width": 880, "height": 1000})
    keep(tmp_path / "shot.png", name)


def test_a_widget(lab, page, tmp_path):
    """It shows numbers and curves alone, no text of a downloaded corpus."""
    run_notebook(lab, page, "06_abstention.ipynb", until=".kosent-threshold")
    page.locator(".kosent-threshold .noUi-handle").focus()
    page.locator(".jp-CodeCell", has=page.locator(".kosent-figure")).screenshot(path=tmp_path / "shot.png")
    keep(tmp_path / "shot.png", "widget.png")
