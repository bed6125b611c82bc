"""Which licence each file of a repository has, and by what: its own tag, the files of its folder, what is said of all.

Nothing here guesses: a licence is what a tag or a notice states, what metadata declares, or what scancode-toolkit
recognises. What contradicts itself in one folder holds together (``A AND B``), and what lies beside a licence file that
nobody has read has none that is known.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

import pandas as pd

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.curation.licence_metadata import Evidence, declared_licence
from kosent_lab.curation.licences import UNREAD, join_licences
from kosent_lab.curation.reuse import AGGREGATE, OVERRIDE, Annotations, Statement, without_shown
from kosent_lab.curation.stated_licences import stated_licence

# LICENSE, COPYING.LESSER, MIT-LICENSE.txt, GPL-LICENSE.md; in LICENSES/ (REUSE) lie the texts of those that tags name
_LICENCE_FILE = re.compile(
    r"(?i)(?:(?:[a-z0-9][a-z0-9.]{0,20}[-_])?(?:licen[cs]e|copying|unlicen[cs]e|ofl|copyright)(?:[-_.][\w.+-]*)?"
    r"|[al]?gpl[-_.v]*[\d.]*(?:\.txt|\.md)?)$"
)
_CODE = re.compile(  # what is called so by what it does
    r"(?i)\.(?:py|pyi|js|mjs|jsx|ts|tsx|rs|go|c|cc|cpp|h|hpp|cs|java|kt|scala|rb|php|pl|lua|swift|m|r|jl|ex|hs|ml|sh|bat|ps1"
    r"|vue|svelte|css|scss|svg|png|jpe?g|gif|ico|json|ya?ml|toml|xml|lock|spec|class|so|dll|key)$"
)
SIDECAR = ".license"  # REUSE: licence of the file beside it that has no room for a tag
_HEAD = 5_000  # characters of a file in which its licence may stand
_LEAST_SCORE = 80.0  # of scancode; a variable named gpl has 50


def is_licence_file(name: str) -> bool:
    """Tell whether a file of that name holds the text of a licence; ``license.py`` holds a program.

    Examples
    --------
    >>> [is_licence_file(name) for name in ("LICENSE-MIT", "COPYING.LESSER", "license.rs", "licensing.md")]
    [True, True, False, False]
    """
    return bool(_LICENCE_FILE.match(name)) and not is_program(name)


def is_program(name: str) -> bool:
    """Tell whether a file is a program, or data of one, by its name."""
    return _CODE.search(name) is not None


Detector = Callable[[str], Iterable[tuple[str, int, int, float]]]


@functools.cache
def scancode_detector() -> Detector:
    """Return a function that recognises licences in a text by scancode-toolkit, of the extra ``curation``.

    References
    ----------
    scancode-toolkit, `licensedcode.index.LicenseIndex.match`.
    """
    try:
        from licensedcode.cache import build_spdx_license_expression, get_index
    except ImportError as error:
        raise NotAvailableError(
            "licence files are recognised by scancode-toolkit, which is not installed: pip install .[curation]"
        ) from error
    index = get_index()

    def detect(text: str) -> Iterable[tuple[str, int, int, float]]:
        for match in index.match(query_string=text):
            score = match.score()  # with the rule's own relevance in it
            if score >= _LEAST_SCORE and match.rule.license_expression:
                yield str(build_spdx_license_expression(match.rule.license_expression)), *match.lines(), score

    return detect


def licences_of_files(frame: pd.DataFrame, *, said: str, detector: Detector | None = None) -> pd.DataFrame:
    """Give each file its licence: the one it states itself, else that of the nearest folder that has one, else `said`.

    Parameters
    ----------
    frame : DataFrame
        ``path`` and ``text`` of the files of one repository.
    said : str
        Licence said of the whole.
    detector : callable, optional
        `scancode_detector`; without it licence files (LICENSE, COPYING) are not read, and those of a folder without
        metadata make its licence `UNREAD`.

    Returns
    -------
    DataFrame, with the same index
        ``licence`` (SPDX expression) and ``licence_from``: by which file and lines, ``""`` where it is `said`.
    """
    by_folder: dict[PurePosixPath, list[Evidence]] = {}
    of_licence_files: dict[PurePosixPath, list[Evidence]] = {}
    own: dict[object, Evidence] = {}
    index_of = dict(zip(frame["path"], frame.index, strict=True))
    for index, path, text in zip(frame.index, frame["path"], frame["text"].fillna(""), strict=True):
        if (stated := stated_licence(without_shown(path, text))) is not None:
            of = index_of.get(path.removesuffix(SIDECAR), index)
            if path.endswith(SIDECAR) or of not in own:
                own[of] = Evidence(stated[0], path, stated[1], stated[1])
        place = PurePosixPath(path)
        if (declared := declared_licence(path, text)) is not None:
            # that of an installed distribution lies beside what it speaks of
            above = place.parent.parent if place.parent.suffix == ".dist-info" else place.parent
            by_folder.setdefault(above, []).append(declared)
        if is_licence_file(place.name):
            read = (list(detector(text)) if detector is not None else []) or [(UNREAD, 1, 1, 100.0)]
            of_licence_files.setdefault(place.parent, []).extend(Evidence(one[0], path, *one[1:]) for one in read)
        elif detector is not None and index not in own and (read := list(detector(text[:_HEAD]))):
            several = [Evidence(one[0], path, *one[1:]) for one in read]
            own[index] = Evidence(_together(several)[0], path, several[0].first, several[-1].last, several[0].score)
    for folder, evidence in of_licence_files.items():
        if detector is not None or folder not in by_folder:
            by_folder.setdefault(folder, []).extend(evidence)
    folders = {folder: _together(evidence) for folder, evidence in by_folder.items()}
    rows = []
    annotations = Annotations(dict(zip(frame["path"], frame["text"].fillna(""), strict=True)))
    for index, path in zip(frame.index, frame["path"], strict=True):
        for said_of in annotations.of(path, "licence"):
            own[index] = _with_annotation(own.get(index), said_of)
        near = (folders[folder] for folder in PurePosixPath(path).parents if folder in folders)
        found = (own[index].licence, str(own[index])) if index in own else next(near, (said, ""))
        rows.append(found)
    return pd.DataFrame(rows, columns=["licence", "licence_from"], index=frame.index, dtype="str")


def _with_annotation(own: Evidence | None, said: Statement) -> Evidence:
    """Return the licence of a file of which REUSE.toml or .reuse/dep5 says one too."""
    other = Evidence(said.licence, said.path, said.line, said.line)
    if own is None or said.precedence == OVERRIDE:
        return other
    if said.precedence == AGGREGATE and said.licence != own.licence:
        return own._replace(licence=join_licences([own.licence, said.licence]))
    return own


def _together(evidence: list[Evidence]) -> tuple[str, str]:
    """Return the licence of a folder: what its files say, all of it, each once."""
    by_licence = {one.licence: one for one in reversed(evidence)}
    first = [one for one in evidence if by_licence.get(one.licence) == one]
    return join_licences(one.licence for one in first), "; ".join(map(str, first))
