"""Read Korean eojeol with Kiwi: stem, particles (josa) and endings (eomi), with character offsets.

Offsets count characters of the text as it is stored, end exclusive. How a tokenizer cuts the same
characters lives in ``tokenization.boundaries``, the forms of particles in ``core.hangul``.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from kosent_lab.core.hangul import OLD_FINALS, compose, final_sound, josa_agrees, replace_surrogates, split_josa
from kosent_lab.core.schema import NotAvailableError

# Sejong tags: case particles, auxiliary particles, connecting particles
JOSA_TAGS = frozenset({"JKS", "JKC", "JKG", "JKO", "JKB", "JKV", "JKQ", "JX", "JC"})
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
)


_EOJEOL = re.compile(r"\S+")


@dataclasses.dataclass(frozen=True)
class Morpheme:
    """One morpheme and the characters it covers.

    Parameters
    ----------
    form : str
        Dictionary form: 었 for the 았 of 갔.
    tag : str
        Sejong tag as Kiwi gives it (``NNG``, ``JKS``, ``EF``).
    start, end : int
        Characters of the stored text. Morphemes that were fused into one syllable (난 = 나 + ㄴ)
        cover the same characters.
    """

    form: str
    tag: str
    start: int
    end: int

    @property
    def is_josa(self) -> bool:
        """Whether it is a particle."""
        return self.tag in JOSA_TAGS

    @property
    def is_ending(self) -> bool:
        """Whether it is a verbal ending."""
        return self.tag.startswith("E")


@functools.cache
def analyser(workers: int = 1) -> Any:
    """Load Kiwi once (about three seconds, half a gigabyte).

    Raises
    ------
    NotAvailableError
        When kiwipiepy is not installed.
    """
    try:
        from kiwipiepy import Kiwi
    except ImportError as error:
        raise NotAvailableError(
            "reading particles needs Kiwi, which is not installed: pip install kiwipiepy. "
            "Everything that does not ask for morphemes works without it."
        ) from error
    return Kiwi(num_workers=workers)


def read_morphemes(texts: Iterable[str], *, workers: int = 1) -> list[list[Morpheme]]:
    """Read the morphemes of each text.

    Parameters
    ----------
    texts : iterable of str, length n
        Any text; decomposed Hangul and lone surrogates are taken as a reader sees them.
    workers : int
        Threads of Kiwi.

    Returns
    -------
    list of list of Morpheme, length n
        In the order of the text.

    Examples
    --------
    >>> [(m.form, m.tag, m.start, m.end) for m in read_morphemes(["재미가"])[0]]
    [('재미', 'NNG', 0, 2), ('가', 'JKS', 2, 3)]
    """
    composed = [compose(replace_surrogates(text)) for text in texts]
    read = []
    for tokens, (text, offsets) in zip(
        analyser(workers).tokenize([text for text, _ in composed]), composed, strict=True
    ):
        morphemes = []
        for token in tokens:
            start, end = token.start, min(token.start + token.len, len(text))
            form = token.form.translate(OLD_FINALS)
            morphemes.append(Morpheme(form, str(token.tag), offsets[start], offsets[end]))
        read.append(morphemes)
    return read


def own_starts(morphemes: Sequence[Morpheme]) -> list[int]:
    """Return where morphemes begin that have characters of their own, in order.

    A morpheme fused with the one before it (the 었 of 갔, the ㄴ of 난) or without characters has none.

    Examples
    --------
    >>> own_starts(read_morphemes(["난 갔다"])[0])
    [0, 2, 3]
    """
    starts, end = [], 0
    for morpheme in morphemes:
        if morpheme.start >= end and morpheme.end > morpheme.start:
            starts.append(morpheme.start)
        end = max(end, morpheme.end)
    return starts


def read_eojeol(doc_ids: Iterable[str], texts: Iterable[str], *, workers: int = 1) -> pd.DataFrame:
    """Split each eojeol into stem, particles and endings.

    Parameters
    ----------
    doc_ids : iterable of str, length n
    texts : iterable of str, length n
    workers : int
        Threads of Kiwi.

    Returns
    -------
    DataFrame
        One row per eojeol: ``doc_id``, ``eojeol_index``, ``eojeol``, ``start``, ``end``; ``stem``
        (what stands before the particles, the whole eojeol where there are none); ``josa`` (the
        particles' surface, stacked ones joined: 에서는; empty without), ``josa_tag`` (joined by
        ``+``), ``josa_start`` and ``josa_end`` (missing without a particle of its own characters,
        as in 난 = 나 + ㄴ); ``eomi`` (the forms of the last ending, joined by ``+``); ``agrees``
        (does the form fit the final sound; missing where the question does not arise);
        ``morpheme_starts`` (a list: where each morpheme with characters of its own begins).

    Examples
    --------
    >>> row = read_eojeol(["a"], ["영화관에서는"]).iloc[0]
    >>> row["stem"], row["josa"], row["josa_tag"], int(row["josa_start"])
    ('영화관', '에서는', 'JKB+JX', 3)
    """
    return eojeol_table(doc_ids, eojeol_rows(texts, workers=workers))


def eojeol_rows(texts: Iterable[str], *, workers: int = 1) -> list[list[tuple[Any, ...]]]:
    """Return for each text its rows of `read_eojeol` without ``doc_id``; plain values, None where missing."""
    texts = [replace_surrogates(text) for text in texts]
    rows = []
    for text, morphemes in zip(texts, read_morphemes(texts, workers=workers), strict=True):
        place, found = 0, []
        for index, match in enumerate(_EOJEOL.finditer(text)):
            mine = []
            while place < len(morphemes) and morphemes[place].start < match.end():
                mine.append(morphemes[place])
                place += 1
            found.append((index, *_split(match.group(), match.start(), mine), own_starts(mine)))
        rows.append(found)
    return rows


def eojeol_table(doc_ids: Iterable[str], rows: Iterable[Sequence[Sequence[Any]]]) -> pd.DataFrame:
    """Make the table of `read_eojeol` of rows from `eojeol_rows`."""
    flat = [(doc_id, *row) for doc_id, found in zip(doc_ids, rows, strict=True) for row in found]
    table = pd.DataFrame(flat, columns=EOJEOL_COLUMNS)
    return table.astype({"josa_start": "Int64", "josa_end": "Int64", "agrees": "boolean"})


def _split(eojeol: str, start: int, morphemes: Sequence[Morpheme]) -> tuple[Any, ...]:
    """Return the columns of an eojeol after its index: eojeol, start, end, stem, josa …"""
    place = (eojeol, start, start + len(eojeol))
    last = len(morphemes)
    while last and _is_mark(morphemes[last - 1]):
        last -= 1
    morphemes = _mend(morphemes[:last])
    first = last = len(morphemes)
    while first and morphemes[first - 1].is_josa:
        first -= 1
    if first and morphemes[first - 1].is_ending:
        first = last - len(drop_colloquial([m.form for m in morphemes[first:last]]))
    # a particle at the very start, or after an opening mark, is a word of its own, not one of this eojeol
    if first == last or all(_is_mark(m) for m in morphemes[:first]):
        begin, stop = _after_foreign(eojeol)
        # “… 좋다”는 is short for 고 하는: an ending that follows the closing mark
        if begin is None or (eojeol[begin - 1] in _CLOSING and morphemes[-1].is_ending):
            return *place, eojeol, "", "", None, None, _eomi(morphemes), None
        forms = split_josa(eojeol[begin:stop]) or []
        stem, surface, tags = eojeol[:begin], eojeol[begin:stop], "+".join(["JX"] * len(forms))
        return *place, stem, surface, tags, start + begin, start + stop, "", _agreement(stem, forms)
    josa = morphemes[first:last]
    forms, tags = [m.form for m in josa], "+".join(m.tag for m in josa)
    begin, stop = josa[0].start, josa[-1].end
    if len(josa) > 1 and josa[1].start >= morphemes[first - 1].end > begin:  # 내가, read as 나 + 의 + 가
        return _split_at(place, josa[1:])
    if begin < morphemes[first - 1].end:  # fused with the stem (난, 내): no characters of its own
        return *place, eojeol, "".join(forms), tags, None, None, "", None
    return _split_at(place, josa)


def _split_at(place: tuple[str, int, int], josa: Sequence[Morpheme]) -> tuple[Any, ...]:
    eojeol, start, _ = place
    begin, stop = josa[0].start, josa[-1].end
    stem, surface = eojeol[: begin - start], eojeol[begin - start : stop - start]
    forms, tags = [m.form for m in josa], "+".join(m.tag for m in josa)
    return *place, stem, surface, tags, begin, stop, "", _agreement(stem, forms)


def _mend(morphemes: Sequence[Morpheme]) -> list[Morpheme]:
    """Undo what Kiwi makes of particles that it does not expect at the end of an eojeol.

    A wrong form (영화은, 중국에은) becomes the noun 은, silver, or a copula with an ending that it
    never takes (음식는); 이 after a vowel a copula without any, or a determiner; 하고 after a noun
    that makes no verb, the verb 하다; 대로 and 만큼 after a noun, nouns themselves.
    """
    mended = list(morphemes)
    if len(mended) < 2:
        return mended
    before, last = mended[-2:]
    if len(mended) > 2 and (before.form, before.tag, last.form, last.tag) == ("하", "VV", "고", "EC"):
        if _is_noun(mended[-3]) and mended[-3].tag != "NP":  # 뭐하고 is a verb
            mended[-2:] = [Morpheme("하고", "JC", before.start, last.end)]
    elif len(mended) > 2 and before.tag == "VCP" and (last.form, last.tag) in (("는", "ETM"), ("은", "EC")):
        if _is_noun(mended[-3]):
            own = [dataclasses.replace(before, tag="JKS")] if before.end > before.start else []
            mended[-2:] = [*own, dataclasses.replace(last, tag="JX")]
    elif (before.form, last.form, last.tag) == ("에", "은", "NNG"):
        mended[-1] = dataclasses.replace(last, tag="JX")
    elif _is_noun(before):
        tag = {
            ("은", "NNG"): "JX" if final_sound(before.form) == "" else None,
            ("을", "NNG"): "JKO" if final_sound(before.form) == "" else None,
            ("는", "ETM"): "JX",
            ("이", "VCP"): "JKS",
            ("이", "MM"): "JKS",
            ("대로", "NNB"): "JX",
            ("만큼", "NNB"): "JKB",
        }.get((last.form, last.tag))
        if tag and last.end > last.start:
            mended[-1] = dataclasses.replace(last, tag=tag)
    return mended


def _is_noun(morpheme: Morpheme) -> bool:
    return morpheme.tag in ("NNG", "NNP", "NNB", "NP", "NR", "XSN", "XR", "SL", "SN")


def drop_colloquial(forms: list[str]) -> list[str]:
    """Return what is left of the particles after an ending, which 요 and 만 are part of (좋네요, 합니다만)."""
    first = 0
    while first < len(forms) and forms[first] in ("요", "이요", "만"):
        first += 1
    return forms[first:]


def _eomi(morphemes: Sequence[Morpheme]) -> str:
    forms: list[str] = []
    for morpheme in reversed(morphemes):
        if not morpheme.is_ending and (morpheme.form not in ("요", "만") or morpheme.tag != "JX"):
            break
        forms.insert(0, morpheme.form)
    return "+".join(forms)


def _agreement(stem: str, forms: Sequence[str]) -> bool | None:
    """Tell whether every particle that has two forms has the right one; missing where none has."""
    before = [stem, *forms[:-1]]
    answers = [josa_agrees(word, form) for word, form in zip(before, forms, strict=True)]
    known = [answer for answer in answers if answer is not None]
    return all(known) if known else None


_CLOSING = "”’\"'»›」』"


# digits, Latin letters, signs or a closing mark, then Hangul to the end but for marks
_FOREIGN = re.compile(r"[0-9A-Za-z%℃㎡$€£+)\]}>」』”’\"']([가-힣]+)[^\w]*$")


def _after_foreign(eojeol: str) -> tuple[int | None, int | None]:
    """Find a run of particles right after something that is not Hangul: 30%는, (38)이."""
    match = _FOREIGN.search(eojeol)
    forms = split_josa(match.group(1)) if match and match.start() else None
    # after a number these are 10,000, "and more" and degrees
    if match is None or not forms or (eojeol[match.start()].isdigit() and forms[0] in ("만", "여", "도")):
        return None, None
    return match.span(1)


def _is_mark(morpheme: Morpheme) -> bool:
    # punctuation, symbols, emoticons and ㅋㅋ; letters, digits and Chinese characters are words
    return morpheme.tag[0] in "SW" and morpheme.tag not in ("SL", "SH", "SN")
