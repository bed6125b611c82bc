"""Who holds the copyright of each file, as its notices say.

Licences that ask for it (MIT, BSD, Apache, CC BY) want these lines kept. They are collected where files are read,
before any step: licence files that differ in the holder alone are near copies, of which one stays. Which licence a file
has is found in ``curation.licence_evidence``; what a use of a corpus has to name is written by ``curation.notices``.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pandas as pd

from kosent_lab.curation.licence_evidence import is_licence_file
from kosent_lab.curation.reuse import CLOSEST, OVERRIDE, Annotations

COLUMN = "copyright"
_HEAD = 5_000  # characters of a file in which a notice stands
# a line that begins with a comment's marks or with the name that a program gives it
_NOTICE = re.compile(
    r"^(?:[^\w\n©ⓒ(]{0,12}|\W{0,4}(?:rem|dnl)[ \t]|[^\n\w]{0,4}__copyright__ ?= ?u?[\"']{1,3})"
    r"(?P<said>(?:SPDX-FileCopyrightText:|copyright(?![\w-])|[©ⓒ]|\(c\)(?= ?(?:19|20)\d\d)|저작권(?= ?[(©ⓒ:]))"
    r"[^\n]{2,300})$",
    re.IGNORECASE | re.MULTILINE,
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_MARK = re.compile(r"(?i)\(c\)|©|ⓒ|SPDX-FileCopyrightText:")
_FORM = re.compile(r"(?i)[\[<{(](?:yyyy|year|연도|name|fullname|owner|이름)|(?<!\w)y{4}(?!\w)|your name|%\(|\{\{")
_OF_THE_LICENCE = re.compile(r"\s*Everyone is permitted to copy and distribute verbatim")
_MAIL = re.compile(r"\s*[<(\[]?[\w.+-]{1,64}@[\w.-]{1,64}\w[>)\]]?")  # whom to write to is not asked for
_BEHIND = re.compile(r"(?:[\s*#\"'`,;]|\*/|-->|\\n)+$")


def copyright_notices(text: str) -> list[str]:
    """Return the copyright notices in the head of a file, each once, in their order.

    Forms to be filled in and the notice that a licence's own text carries (the GPL's) are none; mail addresses are left
    out.

    Examples
    --------
    >>> copyright_notices("# Copyright (c) 2019 Jane Doe\\n# SPDX-FileCopyrightText: 2020 홍길동\\nimport re\\n")
    ['Copyright (c) 2019 Jane Doe', 'SPDX-FileCopyrightText: 2020 홍길동']
    >>> copyright_notices("Copyright [yyyy] [name of copyright owner]\\nThe above copyright notice shall be kept.")
    []
    """
    found = {}
    head = text[:_HEAD]
    for match in _NOTICE.finditer(head):
        said = _tidy(match["said"])
        holds = _YEAR.search(said) or _MARK.search(said)
        if holds and not _FORM.search(said) and not _OF_THE_LICENCE.match(head, match.end()):
            found[said] = None
    return list(found)


def _tidy(said: str) -> str:
    """Return a notice on one line, without mail addresses and without what closes a comment."""
    return re.sub(r" (?=[.,])", "", " ".join(_BEHIND.sub("", _MAIL.sub("", said)).split()))


def notices_of_files(frame: pd.DataFrame) -> pd.Series:
    """Give each file its copyright notices: its own, what REUSE.toml or .reuse/dep5 say of it, else those of the
    licence files of the nearest folder with any.

    Parameters
    ----------
    frame : DataFrame
        ``path`` and ``text`` of the files of one repository.

    Returns
    -------
    Series of str, with the same index
        Lines; ``""`` where nothing is said.
    """
    own = [copyright_notices(text) for text in frame["text"].fillna("")]
    by_folder: dict[PurePosixPath, dict[str, None]] = {}
    for path, notices in zip(frame["path"], own, strict=True):
        place = PurePosixPath(path)
        if notices and (is_licence_file(place.name) or re.fullmatch("(?i)notice|authors|copyright", place.stem)):
            by_folder.setdefault(place.parent, {}).update(dict.fromkeys(notices))
    said = []
    annotations = Annotations(dict(zip(frame["path"], frame["text"].fillna(""), strict=True)))
    for path, notices in zip(frame["path"], own, strict=True):
        if of := annotations.of(path):
            others = [_tidy(one) for one in of.copyright]
            if of.precedence == OVERRIDE:
                notices = others
            elif of.precedence != CLOSEST or not notices:
                notices = list(dict.fromkeys([*notices, *others]))
        near = (list(by_folder[folder]) for folder in PurePosixPath(path).parents if folder in by_folder)
        said.append("\n".join(notices or next(near, [])))
    return pd.Series(said, index=frame.index, dtype="str", name=COLUMN)
