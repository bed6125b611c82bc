"""In which script a text is written, and in which language a file: what readers and programs can make of it."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.core.hangul import to_nfc

HANGUL = "[가-힣ㄱ-ㅎㅏ-ㅣ]"
_APART = "[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]"
_LOOK = 4_000  # characters of a file that are looked at
KOREAN, MIXED, OTHER, NONE = "ko", "mixed", "other", "none"


def text_language(texts: pd.Series) -> pd.Series:
    """Tell of each text in which script most of its letters are.

    Parameters
    ----------
    texts : Series of str, shape (n,)

    Returns
    -------
    Series of str, shape (n,)
        ``ko`` (Hangul is more than half of the letters, single ㅋ and ㅠ included), ``mixed`` (it is less, and there
        is some), ``other`` (there are letters and none is Hangul), ``none``.

    Examples
    --------
    >>> text_language(pd.Series(["좋아요 good", "a very long review 굿", "good", "...!!"])).tolist()
    ['mixed', 'mixed', 'other', 'none']
    """
    letters, hangul = count_letters(texts)
    language = pd.Series(OTHER, index=texts.index, dtype="str")
    language[hangul > 0] = MIXED
    language[2 * hangul > letters] = KOREAN
    language[letters == 0] = NONE
    return language


def count_letters(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Count the letters of each text and those of them that are Hangul, shapes (n,); missing texts have none.

    Examples
    --------
    >>> [counts.tolist() for counts in count_letters(pd.Series(["굿 good ㅋㅋ 5!", None]))]
    [[7, 0], [3, 0]]
    """
    texts = texts.fillna("").astype("str")
    if texts.str.contains(_APART, regex=True).any():  # Hangul whose letters stand by themselves (NFD)
        texts = texts.map(to_nfc).astype("str")
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "uint32")
    used = [chr(code) for code in np.flatnonzero(np.bincount(codes))]
    ends = np.concatenate([[0], texts.str.len().cumsum()])
    counts = []
    for is_one in (str.isalpha, re.compile(HANGUL).match):
        found = np.zeros(sys.maxunicode + 1, bool)
        found[[ord(character) for character in used if is_one(character)]] = True
        before = np.concatenate([[0], np.cumsum(found[codes])])[ends]
        counts.append(pd.Series(np.diff(before), index=texts.index, dtype="int64"))
    return counts[0], counts[1]


# where Pygments names another that has the ending too
_BY_ENDING = {"sql": "SQL", "r": "S", "t": "Perl"}
_BY_NAME = {"go.mod": "Text", "go.sum": "Text"}
_PROGRAM = re.compile(r"#![ \t]*\S*/(?:env[ \t]+(?:-\S+[ \t]+)*)?(?:\S*/)?([a-z]+)")
_BY_PROGRAM = {
    **dict.fromkeys(("node", "nodejs", "bun"), "JavaScript"),
    **dict.fromkeys(("deno", "tsx"), "TypeScript"),
    **{"python": "Python", "ruby": "Ruby", "perl": "Perl", "php": "PHP", "lua": "Lua", "rscript": "S"},
}


def file_language(path: str, text: str) -> str:
    """Tell in which language a file is written, by its name, its first line and, where these do not tell, its content.

    Returns
    -------
    str
        The name of a lexer of Pygments (``Python``, ``TOML``, ``C++``), ``Text`` for prose, ``""`` where nothing tells.

    Examples
    --------
    >>> [file_language(*file) for file in (("a/b.py", ""), ("run", "#!/usr/bin/env bash"), ("LICENSE", "MIT"))]
    ['Python', 'Bash', '']
    """
    from pygments.lexers import find_lexer_class_for_filename, guess_lexer
    from pygments.util import ClassNotFound

    name = path.rpartition("/")[2]
    stem, point, ending = name.rpartition(".")
    if known := _BY_NAME.get(name) or (stem and _BY_ENDING.get(ending.casefold())):
        return known
    names = dict.fromkeys((name, f"{stem}{point}{ending.casefold()}"))  # .PY, but .C is C++
    found = next(filter(None, (find_lexer_class_for_filename(one, text[:_LOOK]) for one in names)), None)
    if found is not None:
        return {"Text only": "Text"}.get(found.name, found.name)
    if not text.startswith("#!"):
        return ""
    if (program := _PROGRAM.match(text)) and (known := _BY_PROGRAM.get(program[1])):
        return known
    try:
        return {"Text only": ""}.get(said := guess_lexer(text[:_LOOK]).name, said)
    except ClassNotFound:
        return ""


@functools.cache
def magika_detector() -> Callable[[str], str]:
    """Return a function that tells the language of a text by its content, by Magika, of the extra ``curation``.

    Its answers have the names of `file_language`; ``""`` where it is not sure, or sees no text.

    References
    ----------
    Fratantonio et al., Magika: AI-powered content-type detection, 2024.
    """
    try:
        from magika import Magika
    except ImportError as error:
        raise NotAvailableError(
            "languages are told by content by Magika, which is not installed: pip install .[curation]"
        ) from error
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    model = Magika()

    def detect(text: str) -> str:
        kind = model.identify_bytes(text.encode(errors="replace")).output
        if not kind.is_text or kind.label in ("unknown", "empty"):
            return ""
        try:
            return {"Text only": "Text"}.get(name := get_lexer_by_name(kind.label).name, name)
        except ClassNotFound:  # a kind that has no lexer: CSV document
            return "Text" if kind.label == "txt" else kind.description.removesuffix(" source")

    return detect


def add_content_languages(files: pd.DataFrame) -> pd.DataFrame:
    """Fill in the language of files whose name and first line did not tell it, by what they hold (Magika)."""
    untold = files["language"].eq("") & files["text"].str.strip().ne("")
    if not untold.any():
        return files
    return files.assign(language=files["language"].mask(untold, files.loc[untold, "text"].map(magika_detector())))
