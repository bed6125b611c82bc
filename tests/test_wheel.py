"""A built wheel, installed apart from the clone, works with a model given by path and says what it lacks."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder that the wheel is unpacked into, as an installer does; skips where it cannot be built."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a build leaves files in the folder that it builds
    shutil.copytree(ROOT / "kosent_lab", source / "kosent_lab", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip(f"the wheel cannot be built here, perhaps without a network: {built.stderr[-200:]}")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed, tmp_path, *arguments):
    environment = os.environ | {"PYTHONPATH": str(installed), "KOSENT_CACHE": str(tmp_path / "cache")}
    environment.pop("KOSENT_DATA", None)
    return subprocess.run(
        [sys.executable, "-m", "kosent_lab", *arguments],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=environment,
    )  # fmt: skip


def test_it_holds_every_module_and_what_they_read(installed):
    ours = {p.relative_to(ROOT).as_posix() for p in (ROOT / "kosent_lab").rglob("*.py")}
    assert ours <= {p.relative_to(installed).as_posix() for p in installed.rglob("*.py")}
    for name in ("figures/fonts/NanumGothic.ttf", "report/catalogue.toml", "report/templates/report.html"):
        assert (installed / "kosent_lab" / name).is_file(), name


def test_it_scores_and_reports_with_a_model_given_by_path(installed, tmp_path, tiny_folder):
    (tmp_path / "내 글.csv").write_text("text,label\n정말 좋아요,1\n별로예요,0\n", "utf-8")
    model = ["--model", str(tiny_folder)]
    scored = run(installed, tmp_path, "predict", "내 글.csv", "--out", "out.csv", *model)
    assert scored.returncode == 0, scored.stderr
    assert len((tmp_path / "out.csv").read_text("utf-8-sig").splitlines()) == 3
    page = run(installed, tmp_path, "report", "--data", "내 글.csv", "--out", "보고서", *model)
    assert page.returncode == 0, page.stderr
    assert (tmp_path / "보고서" / "report.html").is_file()


def test_it_cuts_words_with_a_tokenizer_given_by_path(installed, tmp_path, tiny_folder):
    cut = run(installed, tmp_path, "tokens", "재미가 있다", "--model", str(tiny_folder))
    assert cut.returncode == 0, cut.stderr
    assert "재미가" in cut.stdout


def test_it_says_that_notebooks_come_with_a_clone(installed, tmp_path):
    answer = run(installed, tmp_path, "notebooks")
    assert answer.returncode == 1
    assert "they come with a clone" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "--data", "kosent-pack"], "there are no cards of corpora in"),
        (["tokens", "재미가 있다"], "there is no bundled model in"),
        (["report"], "there are no cards of corpora in"),
        (["report", "--data", "글.csv"], "there is no bundled model in"),
        (["predict", "글.csv", "--out", "b.csv"], "there is no bundled model in"),
        (["data", "list"], "there are no cards of corpora in"),
        (["data", "fetch", "nsmc"], "there are no cards of corpora in"),
        (["bench", "--startup"], "there is no bundled model in"),
    ],
)
def test_it_says_in_a_line_what_it_lacks_and_where_to_put_it(installed, tmp_path, arguments, words):
    (tmp_path / "글.csv").write_text("text,label\n정말 좋아요,1\n", "utf-8")
    answer = run(installed, tmp_path, *arguments)
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1, answer.stderr
    assert words in answer.stderr
    assert "KOSENT_DATA=DIR" in answer.stderr
