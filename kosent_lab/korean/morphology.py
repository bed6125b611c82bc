"""Read Korean with Kiwi: morphemes, and the stem, particles and endings of each eojeol, with character offsets.

Offsets count characters of the text as it is stored, end exclusive. What the morphemes make of an eojeol
is told in ``korean.eojeol``; how a tokenizer cuts the same characters in ``tokenization.boundaries``.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.core.hangul import OLD_FINALS, compose, replace_surrogates
from kosent_lab.core.schema import check_texts
from kosent_lab.korean.eojeol import split_eojeol
from kosent_lab.korean.mending import mend, mend_lists, split_unknown
from kosent_lab.korean.morphemes import Morpheme, own_morphemes

EOJEOL_COLUMNS = (
    "doc_id",
    "eojeol_index",
    "eojeol",
    "start",
    "end",
    "stem",
    "josa",
    "josa_tag",
    "josa_start",
    "josa_end",
    "eomi",
    "agrees",
    "morpheme_starts",
    "morpheme_tags",
)


_UNKNOWN = 60  # the largest number that Kiwi gives to a tag in the place of a word of its dictionary
_EOJEOL = re.compile(r"\S+")
# Kiwi's time grows with the square of a run of Latin letters or full stops (6 s for 100,000); a longer word is handed
# over in parts, each read by itself
_LONGEST_RUN = 2_000
_PART = re.compile(rf"\S{{{_LONGEST_RUN}}}(?=\S)")


def need_kiwi() -> None:
    """Say at once where Kiwi is not installed, without loading it.

    Raises
    ------
    NotAvailableError
        When kiwipiepy is not installed.
    """
    if importlib.util.find_spec("kiwipiepy") is None:
        raise NotAvailableError(
            "reading particles needs Kiwi, which is not installed: pip install kiwipiepy. "
            "Everything that does not ask for morphemes works without it."
        )


@functools.cache
def analyser() -> Any:
    """Load Kiwi, once in a process (two to three seconds, half a gigabyte).

    How many threads it has is fixed when it is loaded, so this one has all cores; `read_morphemes` hands it
    text after text where one thread is asked for.

    Raises
    ------
    NotAvailableError
        When kiwipiepy is not installed.
    """
    need_kiwi()
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=-1)


@functools.lru_cache(maxsize=10_000)
def is_word(word: str) -> bool:
    """Tell whether letters are one noun of Kiwi's dictionary."""
    tokens = analyser().tokenize(word)
    return len(tokens) == 1 and str(tokens[0].tag) in ("NNG", "NNP") and tokens[0].id > _UNKNOWN


def read_morphemes(texts: Iterable[str], *, workers: int = 1) -> list[list[Morpheme]]:
    """Read the morphemes of each text.

    Parameters
    ----------
    texts : iterable of str, length n
        Any text; decomposed Hangul and lone surrogates are taken as a reader sees them.
    workers : int
        1 reads in the caller's thread, more on all cores.

    Returns
    -------
    list of list of Morpheme, length n
        In the order of the text.

    Examples
    --------
    >>> [(m.form, m.tag, m.start, m.end) for m in read_morphemes(["재미가"])[0]]
    [('재미', 'NNG', 0, 2), ('가', 'JKS', 2, 3)]
    """
    check_texts(texts)
    composed = [compose(replace_surrogates(text)) for text in texts]
    if not any(text.strip() for text, _ in composed):
        return [[] for _ in composed]  # nothing to read: Kiwi need not be loaded
    tokenize = analyser().tokenize
    cuts = [[0, *(match.end() for match in _PART.finditer(text)), len(text)] for text, _ in composed]
    parts = [text[a:b] for (text, _), places in zip(composed, cuts, strict=True) for a, b in pairwise(places)]
    answers = iter(map(tokenize, parts) if workers == 1 else tokenize(parts))
    read = []
    for (_, offsets), places in zip(composed, cuts, strict=True):
        morphemes = []
        for begin, stop in pairwise(places):
            for token in next(answers):
                start, end = begin + token.start, min(begin + token.start + token.len, stop)
                form = token.form.translate(OLD_FINALS)
                known = token.id > _UNKNOWN
                morphemes.append(Morpheme(form, str(token.tag), offsets[start], offsets[end], known))
        read.append(morphemes)
    return read


def read_eojeol(doc_ids: Iterable[Hashable], texts: Iterable[str], *, workers: int = 1) -> pd.DataFrame:
    """Split each eojeol into stem, particles and endings.

    Parameters
    ----------
    doc_ids : iterable, length n
    texts : iterable of str, length n
    workers : int
        1 reads in the caller's thread, more on all cores.

    Returns
    -------
    DataFrame
        One row per eojeol: ``doc_id``, ``eojeol_index``, ``eojeol``, ``start``, ``end``; ``stem``
        (what stands before the particles, the whole eojeol where there are none); ``josa`` (the
        particles' surface, stacked ones joined: 에서는; empty without), ``josa_tag`` (joined by
        ``+``), ``josa_start`` and ``josa_end`` (missing without a particle of its own characters,
        as in 난 = 나 + ㄴ); ``eomi`` (the forms of the last ending, joined by ``+``); ``agrees``
        (does the form fit the final sound; missing where the question does not arise);
        ``morpheme_starts`` and ``morpheme_tags`` (lists: where each morpheme with characters of its
        own begins, and its Sejong tag).

    Examples
    --------
    >>> row = read_eojeol(["a"], ["영화관에서는"]).iloc[0]
    >>> row["stem"], row["josa"], row["josa_tag"], int(row["josa_start"])
    ('영화관', '에서는', 'JKB+JX', 3)
    """
    return eojeol_table(doc_ids, eojeol_rows(texts, workers=workers))


def eojeol_rows(texts: Iterable[str], *, workers: int = 1) -> list[list[Sequence[Any]]]:
    """Return for each text its rows of `read_eojeol` without ``doc_id``; plain values, None where missing."""
    check_texts(texts)
    texts = ["" if text is None or text != text else replace_surrogates(text) for text in texts]
    rows = []
    for text, morphemes in zip(texts, read_morphemes(texts, workers=workers), strict=True):
        place, words, mended = 0, [match.span() for match in _EOJEOL.finditer(text)], []
        for start, end in words:
            mine = []
            while place < len(morphemes) and morphemes[place].start < end:
                mine.append(morphemes[place])
                place += 1
            eojeol = text[start:end]
            mended.append(mend(eojeol, start, split_unknown(eojeol, start, mine, is_word)))
        found: list[Sequence[Any]] = []
        for index, ((start, end), parted) in enumerate(zip(words, mend_lists(mended), strict=True)):
            own = own_morphemes(parted)
            starts, tags = [m.start for m in own], [m.tag for m in own]
            found.append((index, *split_eojeol(text[start:end], start, parted), starts, tags))
        rows.append(found)
    return rows


def eojeol_table(doc_ids: Iterable[Hashable], rows: Iterable[Sequence[Sequence[Any]]]) -> pd.DataFrame:
    """Make the table of `read_eojeol` of rows from `eojeol_rows`."""
    flat = [(doc_id, *row) for doc_id, found in zip(doc_ids, rows, strict=True) for row in found]
    table = pd.DataFrame(flat, columns=EOJEOL_COLUMNS)
    return table.astype({"josa_start": "Int64", "josa_end": "Int64", "agrees": "boolean"})
