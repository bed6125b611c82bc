"""Numbers into pages: regions marked in README, RESULTS and the model cards, filled from kept answers alone.

A region stands between ``<!-- results:NAME -->`` and ``<!-- /results -->``; what it holds is written here, the words
around it by hand. Nothing is scored or trained, and no torch is loaded: the numbers come from ``data/scored`` and
``data/studies``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.files import write_text
from kosent_lab.core.places import DATA_FOLDER, local
from kosent_lab.results import (
    behaviour_tables,
    calibration_tables,
    corpus_tables,
    domain_tables,
    error_tables,
    headlines,
    measured_tables,
    model_tables,
    neutral_tables,
    rejector_tables,
    study_tables,
)

ROOT = DATA_FOLDER.parent
PAGES = (
    "README.md",
    "README.ko.md",
    "docs/RESULTS.md",
    "data/models/kosent-electra-small/MODEL_CARD.md",
    "data/models/kosent-electra-small-fast/MODEL_CARD.md",
    "data/models/kosent-electra-small-rtd/MODEL_CARD.md",
    "data/models/kosent-electra-small-three-way/MODEL_CARD.md",
)
REGION = re.compile(r"<!-- results:([\w-]+) -->(.*?)<!-- /results -->", re.S)
REGIONS = (
    model_tables.TABLES
    | domain_tables.TABLES
    | study_tables.TABLES
    | calibration_tables.TABLES
    | rejector_tables.TABLES
    | measured_tables.TABLES
    | corpus_tables.TABLES
    | neutral_tables.TABLES
    | error_tables.TABLES
    | behaviour_tables.TABLES
    | headlines.REGIONS
)


@functools.cache
def render(name: str) -> str:
    """Return what belongs into the region of a name.

    Raises
    ------
    DataError
        When there is no such region.
    """
    if name not in REGIONS:
        raise DataError(f"no region is called {name!r}; there are {', '.join(sorted(REGIONS))}")
    return REGIONS[name]()


def fill(text: str) -> str:
    """Return a page with every region filled.

    Parameters
    ----------
    text : str
        A region that holds a line break is a block and keeps its markers on lines of their own; another one is a
        number within a sentence.

    Raises
    ------
    DataError
        When a region has an unknown name or no end.
    """
    if text.count("<!-- results:") != len(REGION.findall(text)) or text.count("<!-- /results -->") != len(
        REGION.findall(text)
    ):
        raise DataError(
            "a region begins with <!-- results:NAME --> and ends with <!-- /results -->; one lacks its mate"
        )

    def filled(match: re.Match[str]) -> str:
        content = render(match[1])
        content = f"\n{content}\n" if "\n" in match[2] else content
        return f"<!-- results:{match[1]} -->{content}<!-- /results -->"

    return REGION.sub(filled, text)


def write_pages(pages: Sequence[str] = PAGES, *, root: str | Path = ROOT) -> list[str]:
    """Fill the regions of every page.

    Parameters
    ----------
    pages : sequence of str
        Paths below `root`.
    root : str or Path

    Returns
    -------
    list of str
        The pages that changed.
    """
    root = local(root)
    changed = []
    for page in pages:
        path, text = root / page, _read(root / page)
        made = _filled(page, text)
        if made != text:
            write_text(made, path)
            changed.append(page)
    return changed


def check_pages(pages: Sequence[str] = PAGES, *, root: str | Path = ROOT) -> None:
    """Make every region again and compare.

    Raises
    ------
    DataError
        At the first difference; the message names page and line, what stands there and what belongs there.
    """
    root = local(root)
    for page in pages:
        text = _read(root / page)
        stands, belongs = text.splitlines(), _filled(page, text).splitlines()
        for number, (old, new) in enumerate(zip(stands, belongs, strict=False), start=1):
            if old != new:
                raise DataError(
                    f"{page}, line {number} is not what kept answers give. There stands\n  {old}\nand there belongs\n"
                    f"  {new}\nWrite it by a command: kosent-lab results"
                )
        if len(stands) != len(belongs):
            raise DataError(f"{page} has {len(stands)} lines, and kept answers give {len(belongs)}: kosent-lab results")


def _read(path: Path) -> str:
    if not path.is_file():
        raise NotAvailableError(f"there is no page {path}; pages come with a clone (KOSENT_DATA=DIR names its data)")
    return path.read_text("utf-8")


def _filled(page: str, text: str) -> str:
    try:
        return fill(text)
    except DataError as error:
        raise DataError(f"{page}: {error}") from error
