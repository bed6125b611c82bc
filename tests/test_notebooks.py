"""Every numbered notebook: in order, runs from a clone, and its Findings are proven by its outputs."""

import io
import re

import nbformat
import pandas as pd
import pytest
from tqdm import tqdm

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.models.classifier import load_classifier
from kosent_lab.studies import notebooks
from tests.conftest import ROOT

EVERY = notebooks.find_notebooks()
PATHS = [path for path in EVERY if path.parent == notebooks.FOLDER]
SOLUTIONS = [path for path in EVERY if path.parent == notebooks.SOLUTIONS]
NAMES = [path.stem for path in PATHS]


def cells(path, kind):
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def small(*parts, outputs=()):
    made = [nbformat.v4.new_markdown_cell("# 99 · test"), *(nbformat.v4.new_code_cell(part) for part in parts)]
    notebook = nbformat.v4.new_notebook(cells=made)
    for output in outputs:
        notebook.cells[-1].outputs.append(output)
    return notebook


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_a_notebook_is_written_as_the_conventions_say(path):
    notebook = nbformat.read(path, as_version=4)
    first, last = notebook.cells[0].source, notebook.cells[-1].source
    assert first.startswith(f"# {path.name[:2]} · ")
    for word in ("**Question.**", "**You need**", "**It takes**"):
        assert word in first
    assert last.startswith("## Findings")
    for word in ("**Limits.**", "**Exercises.**", "**Next:**"):
        assert word in last
    assert last.count("\n1. ") == 1
    assert "\n2. " in last
    for source in cells(path, "code"):
        assert not re.search(r"^\s*(def|class)\s|^\s*[%!]", source, re.MULTILINE), source
        assert len(source.splitlines()) <= 12, source
        assert max(map(len, source.splitlines())) <= 100, source
        assert not re.search(r"[\"'](/|[A-Z]:\\)", source), source
        # what is fastest differs from machine to machine in the third decimal, and so would what the notebook finds
        assert not re.search(r"precision=\"(auto|bf16)\"", source), source
    assert path.stat().st_size <= notebooks.LARGEST
    assert "widgets" not in notebook.metadata


def test_every_exercise_has_a_solution():
    assert [path.name[:2] for path in SOLUTIONS] == [path.name[:2] for path in PATHS]
    for lesson, path in zip(PATHS, SOLUTIONS, strict=True):
        exercises = cells(lesson, "markdown")[-1].split("**Exercises.**")[1].split("**Next:**")[0]
        asked = re.findall(r"^(\d+)\. ", exercises, re.MULTILINE)
        texts = cells(path, "markdown")
        assert [text[3 : text.index(".")] for text in texts if text.startswith("## ")] == asked, path.name
        assert sum(text.startswith("**Answer.**") for text in texts) == len(asked), path.name
        assert lesson.name in texts[0]
        for source in cells(path, "code"):
            assert len(source.splitlines()) <= 16, source
            assert max(map(len, source.splitlines())) <= 100, source


@pytest.mark.parametrize("path", SOLUTIONS, ids=[path.stem for path in SOLUTIONS])
def test_a_solution_runs(path, tmp_path):
    notebooks.run_notebook(path, folder=tmp_path)


@pytest.mark.parametrize("path", EVERY, ids=[path.stem for path in EVERY])
def test_committed_outputs_are_complete_and_prove_the_findings(path):
    notebook = nbformat.read(path, as_version=4)
    assert [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"] == list(
        range(1, len(cells(path, "code")) + 1)
    )
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output["text"]
    assert notebooks.unproven_numbers(notebook) == []
    assert str(ROOT) not in nbformat.writes(notebook)


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_a_notebook_runs_and_still_proves_its_findings(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONWARNINGS", "error::UserWarning")  # a missing glyph is one
    notebook = notebooks.run_notebook(path, folder=tmp_path)  # from another folder than its own
    assert notebooks.unproven_numbers(notebook) == []
    figures = sum(
        "image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])
    )
    assert figures == sum("figures.style()" in source for source in cells(path, "code"))


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_a_notebook_goes_on_with_the_pack_when_nothing_is_saved(path, tmp_path, monkeypatch):
    monkeypatch.setenv("KOSENT_SCORED", str(tmp_path / "none"))
    monkeypatch.setenv("KOSENT_DATA", "")
    notebook = notebooks.run_notebook(path)
    said = "".join(notebooks.output_texts(notebook))
    needs_saved = "load_scored_or_pack(" in "".join(cells(path, "code"))
    assert ("kosent-lab data score nsmc-test" in said) == needs_saved
    assert ("Going on with the bundled pack" in said) == needs_saved
    committed = nbformat.read(path, as_version=4).cells
    silent = [
        cell.source
        for cell, kept in zip(notebook.cells, committed, strict=True)
        if kept.get("outputs") and not cell.outputs
    ]
    assert silent == []  # what shows something with saved answers shows something without


def test_a_failing_cell_is_named(tmp_path):
    path = tmp_path / "99_bad.ipynb"
    nbformat.write(small("1 / 0"), path)
    with pytest.raises(DataError, match=r"99_bad.ipynb stopped: [\s\S]*ZeroDivisionError"):
        notebooks.run_notebook(path)


def test_progress_widgets_and_timings_are_dropped():
    bar = io.StringIO()
    with tqdm(total=10, unit="text", file=bar) as progress:
        progress.update(10)
    assert "10/10" in bar.getvalue()
    outputs = [
        nbformat.v4.new_output("stream", name="stderr", text=bar.getvalue()),
        nbformat.v4.new_output("stream", name="stderr", text="needs attention\r\n"),
        nbformat.v4.new_output(
            "display_data", data={"application/vnd.jupyter.widget-view+json": {}, "text/plain": "VBox"}
        ),
        nbformat.v4.new_output("stream", name="stdout", text="kept"),
    ]
    seconds = small("1", outputs=[nbformat.v4.new_output("stream", text="0.3 s")])
    seconds.cells[-1].metadata["tags"] = [notebooks.NOT_KEPT]
    assert notebooks.clean_notebook(seconds).cells[-1].outputs == []
    notebook = small("1", outputs=outputs)
    notebook.cells[-1].metadata["execution"] = {"iopub.execute_input": "now"}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    clean = notebooks.clean_notebook(notebook)
    assert [output["text"] for output in clean.cells[-1].outputs] == ["needs attention\n", "kept"]
    assert clean.cells[-1].metadata == {}
    assert "widgets" not in clean.metadata


def test_a_corpus_row_in_an_output_is_refused(tmp_path):
    row = "정말이지 두 시간이 하나도 아깝지 않았던 영화!"
    shown = "<td>정말이지 두 시간이 하나도 <b>아깝지</b> 않았던 영화</td>"
    notebook = small("1", outputs=[nbformat.v4.new_output("display_data", data={"text/html": shown})])
    path = tmp_path / "99_x.ipynb"
    with pytest.raises(DataError, match=r"99_x.ipynb shows 1 texts of a downloaded corpus"):
        notebooks.write_notebook(notebook, path, foreign=["재밌다", row])
    assert not path.exists()
    cut = pd.DataFrame(
        {"text": ["줄거리도 배우도 음악도 무엇 하나 빠지지 않는 작품, 가족과 함께 한 번 더 보러 가려고 한다 & 추천"]}
    )
    table = small("1", outputs=[nbformat.v4.new_output("display_data", data={"text/html": cut._repr_html_()})])
    assert "..." in cut._repr_html_()
    assert notebooks.foreign_rows(table, cut["text"]) == cut["text"].tolist()
    notebooks.write_notebook(notebook, path, foreign=["재밌다"])  # a common phrase is no row
    assert path.exists()


def test_a_large_notebook_is_refused(tmp_path):
    notebook = small("1", outputs=[nbformat.v4.new_output("stream", text="x" * notebooks.LARGEST)])
    with pytest.raises(DataError, match="at most 400,000 may be committed"):
        notebooks.write_notebook(notebook, tmp_path / "99_x.ipynb", foreign=[])


def test_numbers_that_no_output_shows_are_found():
    notebook = small("1", outputs=[nbformat.v4.new_output("stream", text="accuracy 0.871, n = 50,000")])
    notebook.cells.append(nbformat.v4.new_markdown_cell("## Findings\n1. It is right in 0.871 of 50,000, not 0.9."))
    assert notebooks.unproven_numbers(notebook) == ["0.9"]
    loss = nbformat.v4.new_output("display_data", data={"text/html": "<table border='1'><td>0.05</td></table>"})
    negative = small("1", outputs=[loss])
    negative.cells.append(nbformat.v4.new_markdown_cell("## Findings\n1. It falls by −0.05 in 1 of them."))
    assert notebooks.unproven_numbers(negative) == ["-0.05", "1"]


def test_the_ends_of_an_interval_stand_in_one_row():
    table = "<table><tr><td>0.10</td><td>0.20</td></tr><tr><td>0.30</td>\n<td>0.40</td></tr></table>"
    outputs = [
        nbformat.v4.new_output("display_data", data={"text/html": table}),
        nbformat.v4.new_output("stream", text="ci_low   0.50\nci_high  0.60\nother 1 2\nn 0.70"),
    ]
    notebook = small("1", outputs=outputs)
    said = "One (0.10 to 0.20), two (interval 0.10 to 0.40), three (0.50 to 0.60), four (0.60 to 0.70)."
    notebook.cells.append(nbformat.v4.new_markdown_cell(f"## Findings\n- {said}"))
    assert notebooks.unproven_numbers(notebook) == ["0.10 to 0.40", "0.60 to 0.70"]


def test_a_broken_notebook_and_a_dead_kernel_are_told(tmp_path):
    path = tmp_path / "99_bad.ipynb"
    path.write_text("{")
    with pytest.raises(DataError, match="99_bad.ipynb is no notebook"):
        notebooks.run_notebook(path)
    nbformat.write(small("import os", "os._exit(1)"), path)
    with pytest.raises(DataError, match="99_bad.ipynb stopped: .*[Kk]ernel"):
        notebooks.run_notebook(path)


def test_an_unknown_notebook_lists_those_there_are():
    with pytest.raises(NotAvailableError, match="no notebook begins with '42'; there are 00_start.ipynb"):
        notebooks.find_notebooks(["42"])


@pytest.mark.corpora("nsmc")
def test_no_committed_output_holds_a_corpus_row():
    every = [cell for path in EVERY for cell in nbformat.read(path, as_version=4).cells]
    shown = small("1", outputs=[output for cell in every for output in cell.get("outputs", [])])
    assert notebooks.foreign_rows(shown, notebooks.foreign_texts()) == []


def test_the_first_notebook_counts_the_model_that_it_loads():
    text = "\n".join(cells(ROOT / "notebooks" / "00_start.ipynb", "markdown"))
    model = load_classifier()
    assert f"{sum(one.numel() for one in model.model.parameters()) / 1e6:.1f} million numbers" in text
    assert f"a fixed list of {model.backend.get_vocab_size():,}, its vocabulary" in text
