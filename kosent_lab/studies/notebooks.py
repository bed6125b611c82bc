"""Run the numbered notebooks and keep what may be committed of their outputs.

A notebook runs top to bottom in a fresh kernel; what changes from run to run (timings, progress
bars, widget state) is dropped, and an output that holds a row of a downloaded corpus is refused.
The notebooks' prose and code live in ``notebooks/``, what they call in the rest of the package.
"""

from __future__ import annotations

import html
import itertools
import logging
import re
import time
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from kosent_lab import corpora
from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.files import write_text
from kosent_lab.core.hangul import fold_text
from kosent_lab.core.places import DATA_FOLDER
from kosent_lab.corpora import cards

logger = logging.getLogger(__name__)
FOLDER = DATA_FOLDER.parent / "notebooks"
SOLUTIONS = FOLDER / "solutions"  # of the exercises, a notebook for each
LARGEST = 400_000  # bytes of a committed notebook
NOT_KEPT = "not-kept"  # tag of a cell whose output is not committed
SECONDS = 600  # a cell may take; a whole notebook should take less than 60


# Folded letters from which a text counts as a corpus row rather than a common phrase
FOREIGN_LETTERS = 14
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:[.,]\d+)*")
_BOUNDS = re.compile(rf"\([^()]*?({_NUMBER.pattern})%? to ({_NUMBER.pattern})%?[^()]*\)")
_PREFIX_LETTERS = 24  # a table shows long texts cut off
_BAR = re.compile(r"\d+%\|.*/s\]|\ds/\w+\]")
_WIDGETS = "application/vnd.jupyter.widget-"


def find_notebooks(names: Iterable[str] = ()) -> list[Path]:
    """Return the numbered notebooks and the solutions, or those whose file name begins with one of `names`.

    Raises
    ------
    NotAvailableError
        When a name fits none, with what there is, or where there are none at all: they come with a clone.
    """
    every = [path for folder in (FOLDER, SOLUTIONS) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
    if not every:
        raise NotAvailableError(f"there are no notebooks in {FOLDER}; they come with a clone of kosent-lab")
    found = []
    for name in names:
        fitting = [path for path in every if path.name.startswith(Path(name).name)]
        if not fitting:
            raise NotAvailableError(f"no notebook begins with {name!r}; there are {', '.join(p.name for p in every)}")
        found += fitting
    return found or every


def run_notebook(path: Path, *, folder: Path | None = None) -> NotebookNode:
    """Execute a notebook in a fresh kernel.

    Parameters
    ----------
    path : Path
        The file; it is not changed.
    folder : Path, optional
        Where the kernel runs; the notebook's own folder when None.

    Returns
    -------
    NotebookNode
        With outputs, cleaned (`clean_notebook`).

    Raises
    ------
    DataError
        When a cell fails; the message shows the cell and the error.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except (ValueError, KeyError) as error:
        raise DataError(f"{path.name} is no notebook: {error}. Restore it: git checkout {path.name}") from error
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",  # the kernel of this very environment
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder or path.parent)}},
        record_timing=False,
        store_widget_state=False,
    )
    start = time.monotonic()
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise DataError(f"{path.name} stopped: {error}") from error
    logger.info("%s: %.0f s", path.name, time.monotonic() - start)
    return clean_notebook(notebook)


def clean_notebook(notebook: NotebookNode) -> NotebookNode:
    """Drop timings, progress bars and widgets from a notebook's outputs and metadata.

    Parameters
    ----------
    notebook : NotebookNode
        Not changed.

    Returns
    -------
    NotebookNode
    """
    notebook = nbformat.from_dict(notebook)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in ("tags",) if key in cell.metadata})
        if cell.cell_type == "code":
            if NOT_KEPT in cell.metadata.get("tags", []):
                cell.outputs = []  # differs from run to run, or is too large: the reader runs the cell
            cell.outputs = [output for output in map(_clean_output, cell.outputs) if output is not None]
    return notebook


def _clean_output(output: NotebookNode) -> NotebookNode | None:
    if output.output_type == "stream" and output.name == "stderr":
        # a progress bar rewrites its line
        lines = output.text.replace("\r\n", "\n").split("\n")
        output.text = "\n".join(line for line in lines if "\r" not in line and not _BAR.search(line))
        return output if output.text.strip() else None
    if any(kind.startswith(_WIDGETS) for kind in output.get("data", {})):
        return None  # without a kernel it is a broken picture; the same figure stands above it
    return output


def output_texts(notebook: NotebookNode) -> list[str]:
    """Return every text among the outputs as a reader sees it: figures left out, HTML without its tags."""
    texts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            texts += [output["text"]] if "text" in output else []
            texts += [re.sub(r"\x1b\[[\d;]*m", "", line) for line in output.get("traceback", [])]
            for kind, data in output.get("data", {}).items():
                if not kind.startswith("image/") or kind == "image/svg+xml":
                    data = "".join(data) if isinstance(data, list) else str(data)
                    texts.append(html.unescape(re.sub(r"<[^>]*>", " ", data)) if "ml" in kind else data)
    return texts


def output_rows(notebook: NotebookNode) -> list[str]:
    """Return what `output_texts` does, a table's rows each on a line of their own however wide they are."""
    rows = output_texts(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            table = "".join(output.get("data", {}).get("text/html", ""))
            rows += [re.sub(r"<[^>]*>|\s+", " ", row) for row in re.findall(r"<tr.*?</tr>", table, flags=re.DOTALL)]
    return rows


def foreign_rows(notebook: NotebookNode, texts: Iterable[str]) -> list[str]:
    """Return the texts that stand among a notebook's outputs, whole or cut off after their beginning.

    Parameters
    ----------
    notebook : NotebookNode
    texts : iterable of str
        Rows of downloaded corpora. Those shorter than `FOREIGN_LETTERS` after folding are common
        phrases and do not count.

    Returns
    -------
    list of str
    """
    shown = "\n".join(map(fold_text, output_texts(notebook)))
    folded = ((text, fold_text(text)) for text in texts)
    return [t for t, letters in folded if len(letters) >= FOREIGN_LETTERS and letters[:_PREFIX_LETTERS] in shown]


def foreign_texts() -> Iterable[str]:
    """Yield every text of the downloaded corpora that are on this machine, from whatever column holds texts."""
    for card in cards.list_cards():
        if card.kind == "vocabulary" or card.name.startswith("kosent-") or not cards.is_present(card):
            continue  # what is our own may be shown
        frame = corpora.load_corpus(card.name)
        frame = frame.drop(columns=["doc_id", "corpus"])  # ids may be shown
        for name in frame.select_dtypes(include=["str", "object"]).columns:
            column = frame[name].dropna()
            texts = column[column.map(lambda value: isinstance(value, str))]
            if name == "text" or (len(texts) and texts.head(1_000).str.len().mean() >= FOREIGN_LETTERS):
                yield from texts.drop_duplicates()


def unproven_numbers(notebook: NotebookNode) -> list[str]:
    """Return the numbers of the Findings, or of the answers to exercises, that no output shows.

    The two ends of an interval ("(0.1 to 0.2)") have to stand in one line of an output, in one row of a table, or one
    below the other where a column of single numbers is printed.

    Parameters
    ----------
    notebook : NotebookNode
        With outputs and a cell that begins with ``## Findings``, whose exercises are not asked, or cells that begin
        with ``**Answer.**``.

    Returns
    -------
    list of str
    """
    findings = [cell.source for cell in notebook.cells if cell.source.startswith(("## Findings", "**Answer.**"))]
    lines = [set(_NUMBER.findall(line)) for line in "\n".join(output_rows(notebook)).replace("−", "-").splitlines()]
    shown = set().union(*lines)
    lines += [one | other for one, other in itertools.pairwise(lines) if len(one) == len(other) == 1]
    # the numbered list's own numbers are none of them
    stated = re.sub(r"^\d+\.", "", "\n".join(findings), flags=re.MULTILINE)
    stated = stated.split("**Exercises.**")[0].replace("−", "-")
    apart = [ends for ends in _BOUNDS.findall(stated) if not any(set(ends) <= line for line in lines)]
    return [one for one in _NUMBER.findall(stated) if one not in shown] + [" to ".join(ends) for ends in apart]


def write_notebook(notebook: NotebookNode, path: Path, *, foreign: Iterable[str]) -> None:
    """Write an executed notebook, whole or not at all, after checking what may be committed.

    Parameters
    ----------
    notebook : NotebookNode
    path : Path
    foreign : iterable of str
        Texts that must not stand in it.

    Raises
    ------
    DataError
        When it is too large or holds a row of a downloaded corpus.
    """
    content = nbformat.writes(notebook).rstrip("\n") + "\n"
    size = len(content.encode("utf-8"))
    if size > LARGEST:
        raise DataError(f"{path.name} would be {size:,} bytes; at most {LARGEST:,} may be committed. Draw less.")
    rows = foreign_rows(notebook, foreign)
    if rows:
        raise DataError(
            f"{path.name} shows {len(rows)} texts of a downloaded corpus, which must not be published "
            f"({rows[0][:20]}…). Show counts and ids, or texts of the pack."
        )
    write_text(content, path)
