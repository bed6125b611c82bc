"""Who holds the copyright of each file, as its notices say.

Licences that ask for it (MIT, BSD, Apache, CC BY) want these lines kept. They are collected where files are read,
before any step: licence files that differ in the holder alone are near copies, of which one stays. Which licence a file
has is found in ``curation.licence_evidence``; what a use of a corpus has to name is written by ``curation.notices``.
"""

from __future__ import annotations

import functools
import re
from pathlib import PurePosixPath

import pandas as pd

from kosent_lab.corpora.personal import mask_text
from kosent_lab.curation.licence_evidence import SIDECAR, is_licence_file, is_program
from kosent_lab.curation.reuse import CLOSEST, OVERRIDE, Annotations

COLUMN = "copyright"
_HEAD = 5_000  # characters of a file in which a notice stands; licence files are read whole
_WHOLE = 200_000
_LINE = 1_000  # characters of a line that are looked at
_LONGEST = 400  # of a notice
_FOLDERS_OWN = re.compile("(?i)notice|authors|copyright")
_YEARS = r"(?:(?:19|20)\d\d(?: ?[-–~] ?(?:\d{2,4}|present|now))?[, ]{0,2})+"
_MARK = r"(?:\(c\)|©|ⓒ|&copy;)"
# what may stand before it: a comment's marks, tags, a number, whose part it is, what a program calls it
_BEFORE = (
    r"^(?:</?[A-Za-z?][^>\n]{0,80}>|[^\w\n©ⓒ(]){0,80}+(?:(?:rem|dnl|c)[ \t]{1,20}|\d\.[ \t]{1,8})?"
    r"(?:(?:portions|parts|modifications|original work|mit license\.?)[ \t,]{1,8})?"
)
_WORDS = r"SPDX-(?:File|Snippet)CopyrightText:|copyright(?=[ \t:,]|\(c\)|©|ⓒ|&copy;)|저작권자?(?=[ :(©ⓒ])"
_NOTICE = re.compile(
    rf"{_BEFORE}(?P<said>(?:{_WORDS})[ \t:]{{0,8}}(?:{_MARK})?|{_MARK})(?P<rest>[^\n]{{1,{_LONGEST}}})", re.IGNORECASE
)
_INLINE = re.compile(
    rf"(?:[|>.] ?|/\*!? ?)(?P<said>copyright(?: {_MARK})?|{_MARK})(?P<rest> [^\n|]{{1,{_LONGEST}}})", re.I
)
_GIVEN = re.compile(  # conf.py, __about__.py, package.json
    r"^[ \t\"'{]{0,20}(?:__copyright__|copyright)[\"']?[ \t]{0,20}[=:][ \t]{0,20}u?[\"']{1,3}(?P<rest>[^\n\"']{4,200})",
    re.IGNORECASE,
)
_ENDS = re.compile(r"\*/|-->|#\}|-\}|\"\"\"|\\n|</|\||SPDX-License|Permission is hereby|[\"']\.format|\)?[;{](?=\S)")
_FORM = re.compile(
    r"[<\[{@](?:yyyy|YYYY|years?|YEARS?|dates?|DATES?|name|NAME|fullname|owner|AUTHOR|copyright|Copyright|연도|이름)"
    r"|\byyyy\b|\bY{4}\b|\bX{4}\b|\bYEAR\b|name of (?:the )?(?:author|copyright owner)|[Yy]our name|%[s(]|\{\w*\}|\{\{"
)
_PROSE = re.compile(  # of a sentence about copyright
    r"(?i)(?:holders?|owners?|notices?|laws?|statements?|licen[cs]\w*|and|or|is|are|was|of|in|for|to|protect\w*|info\w*)\b"
)
_OF_THE_LICENCE = "Everyone is permitted to copy and distribute verbatim"
_CLOSING = " \t*#\"'`,;~"


def copyright_notices(text: str, *, whole: bool = False) -> list[str]:
    """Return the copyright notices in the head of a file, each once, in their order.

    Forms to be filled in, prose, and the notice that a licence's own text carries (the GPL's) are none; what names a
    person otherwise than by name (mail addresses, telephone numbers) is masked.

    Parameters
    ----------
    text : str
    whole : bool
        Read all of it: a licence's text may be longer than a head.

    Examples
    --------
    >>> copyright_notices("# Copyright (c) 2019 Jane Doe\\n# SPDX-FileCopyrightText: 2020 홍길동\\nimport re\\n")
    ['Copyright (c) 2019 Jane Doe', 'SPDX-FileCopyrightText: 2020 홍길동']
    >>> copyright_notices("Copyright [yyyy] [name of copyright owner]\\nThe above copyright notice shall be kept.")
    []
    """
    found: dict[str, None] = {}
    lines = text[: _WHOLE if whole else _HEAD + _LINE].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    place = 0
    for number, line in enumerate(lines):
        if not whole and place > _HEAD:
            break
        place += len(line) + 1
        said = _of_line(line[:_LINE])
        if said is None:
            continue
        if said.endswith(",") and number + 1 < len(lines) and _of_line(lines[number + 1][:_LINE]) is None:
            said = f"{said} {lines[number + 1][:200].strip(' */#;%')}"  # the holders stand on the next line
        near = " ".join(lines[number + 1 : number + 6])
        if _OF_THE_LICENCE not in near or "Free Software Foundation" not in said:
            found[tidy(said)] = None
    return [one for one in found if one]


def _of_line(line: str) -> str | None:
    """Return what a line says of copyright, not yet tidied; None where it is no notice."""
    if given := _GIVEN.search(line):
        rest = given["rest"].strip()
        named = re.match(rf"(?i)copyright|{_MARK}", rest)
        return _held("" if named else "Copyright", rest) if named or re.match(_YEARS, rest) else None
    if match := _NOTICE.search(line):
        return _held(match["said"].strip(), match["rest"])
    match = _INLINE.search(line)
    return None if match is None else _held(match["said"].strip(), match["rest"], within=True)


def _held(word: str, rest: str, *, within: bool = False) -> str | None:
    """Return a notice where what follows its word names a holder or says since when; `within` other words."""
    rest = _ENDS.split(rest)[0].strip()
    body = re.sub(rf"^(?:copyright)?[ \t:]*(?:{_MARK})?[ \t:,]*", "", rest, flags=re.IGNORECASE)
    marked = re.search(_MARK, word + rest[: len(rest) - len(body)], re.IGNORECASE) is not None
    years = re.match(_YEARS, body)
    holder = re.sub("^by ", "", (body[years.end() :] if years else body).strip(" \t,.-"))
    named = re.search(r"[^\W\d_]{2}", holder) is not None
    if _FORM.search(rest) or _PROSE.match(holder):
        return None
    if word.upper().startswith("SPDX"):
        held = named or years is not None
    elif re.match("copyright|저작권|$", word, re.IGNORECASE):
        begins = re.match(r"[A-Z0-9가-힣À-ÖØ-Þ\"“]|the [A-Za-z]", holder) is not None
        spoken = ":" in word or word[:1] == "C"
        held = years is not None or (named and begins and (marked or (spoken and len(holder) < 80)))
    else:  # the mark alone, with which lists and sentences begin too
        held = (
            named
            and re.match("[A-Z가-힣À-ÖØ-Þ]", holder) is not None
            and (years is not None or within or "(" not in word)
        )
    return f"{word} {rest}".strip() if held else None


@functools.lru_cache(maxsize=4_096)
def tidy(said: str) -> str:
    """Return a notice on one line, without what closes a comment, what names a person otherwise than by name masked."""
    said = " ".join(said[:_LONGEST].split())
    while (shorter := said.rstrip(_CLOSING).removesuffix("*/").removesuffix("-->")) != said:
        said = shorter
    return mask_text(said)


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
        Lines; ``""`` where nothing is said, and of files without text.
    """
    texts = dict(zip(frame["path"], frame["text"].fillna(""), strict=True))
    own: dict[str, list[str]] = {}
    by_folder: dict[PurePosixPath, dict[str, None]] = {}
    for path, text in texts.items():
        place = PurePosixPath(path)
        of_folder = is_licence_file(place.name) or (
            _FOLDERS_OWN.fullmatch(place.stem) is not None and not is_program(place.name)
        )
        own[path] = copyright_notices(text, whole=of_folder)
        if own[path] and of_folder:
            by_folder.setdefault(place.parent, {}).update(dict.fromkeys(own[path]))
    for path in [path for path in texts if path.endswith(SIDECAR) and path.removesuffix(SIDECAR) in texts]:
        own[path.removesuffix(SIDECAR)] = own[path] or own[path.removesuffix(SIDECAR)]
    annotations = Annotations(texts)
    said = []
    for path in frame["path"]:
        notices = own[path]
        for of in annotations.of(path, "copyright"):
            others = [tidy(one) for one in of.copyright if one != "NONE" and not _FORM.search(one)]
            if of.precedence == OVERRIDE and others:
                notices = others
            elif of.precedence != CLOSEST or not notices:
                notices = list(dict.fromkeys([*notices, *others]))
        near = (list(by_folder[folder]) for folder in PurePosixPath(path).parents if folder in by_folder)
        said.append("\n".join(notices or (next(near, []) if texts[path] else [])))
    return pd.Series(said, index=frame.index, dtype="str", name=COLUMN)
