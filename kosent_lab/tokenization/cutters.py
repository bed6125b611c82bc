"""Cut texts into pieces with any tokenizer: where each piece stands, and whether it is known.

A *cutter* has one method, ``cut``; here are those for fast Hugging Face tokenizers, SentencePiece,
and the plain units that mark floor and ceiling. Which tokenizers there are is in ``tokenization.tokenizers``, what
their cuts are worth in ``tokenization.boundaries``.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from tokenizers import Tokenizer

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.hangul import replace_surrogates
from kosent_lab.korean.readings import read_starts

STRANGER = "\ufffd"  # the piece of a character that has none (``tokenization.unknown``)
UNITS = ("eojeol", "syllables", "jamo")
# a syllable in two or three letters, or in an open one and its final
_PARTED = re.compile("[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?|[가-힣][\u11a8-\u11c2]")
_EOJEOL, _SPACE = re.compile(r"\S+"), re.compile(r"\s")
_PROBE = "이 영화는 정말 재미있고 배우들의 연기도 좋았습니다"
_SPACE_SIGN = "▃"  # what kortok's morpheme vocabularies have for a space between eojeol


class Piece(NamedTuple):
    """One piece and the characters of the stored text that it covers, end exclusive.

    ``start == end`` where a piece stands for a space only; ``shown`` is what to print.
    """

    start: int
    end: int
    unknown: bool
    shown: str


class Cutter(Protocol):
    """Anything that cuts texts into pieces."""

    def cut(self, texts: Sequence[str]) -> list[list[Piece]]:
        """Return the pieces of each text, in order."""


def plain_tokenizer(tokenizer: Tokenizer) -> Tokenizer:
    """Return the tokenizer itself where it neither cuts nor pads, else a copy that does neither."""
    if tokenizer.truncation is None and tokenizer.padding is None:
        return tokenizer
    return _plain_copy(tokenizer, tokenizer.get_vocab_size())


@functools.lru_cache(maxsize=8)
def _plain_copy(tokenizer: Tokenizer, size: int) -> Tokenizer:
    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


@dataclasses.dataclass(frozen=True)
class HuggingFaceCutter:
    """Cut with a tokenizer of the ``tokenizers`` library, special tokens left out."""

    tokenizer: Tokenizer

    def cut(self, texts: Sequence[str]) -> list[list[Piece]]:
        """Return the pieces of each text, in order."""
        return _cut_composed(self._cut, texts)

    def _cut(self, texts: Sequence[str]) -> list[list[Piece]]:
        tokenizer = plain_tokenizer(self.tokenizer)
        unknown = {_unknown_id(tokenizer), tokenizer.token_to_id(STRANGER)}
        texts = [_prepare(text) for text in texts]
        encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
        return [
            [_piece(text, start, end, i in unknown) for (start, end), i in zip(e.offsets, e.ids, strict=True)]
            for text, e in zip(texts, encodings, strict=True)
        ]


@dataclasses.dataclass(frozen=True)
class SentencePieceCutter:
    """Cut with a SentencePiece model.

    Parameters
    ----------
    processor : sentencepiece.SentencePieceProcessor
    after_morphemes : bool
        The model was learnt on morphemes with spaces between them and a sign for the space between
        eojeol (kortok's); Kiwi cuts the text first.
    """

    processor: Any
    after_morphemes: bool = False

    def cut(self, texts: Sequence[str]) -> list[list[Piece]]:
        """Return the pieces of each text, in order."""
        return _cut_composed(self._cut, texts)

    def _cut(self, texts: Sequence[str]) -> list[list[Piece]]:
        texts = prepared = [_prepare(text) for text in texts]
        places = [range(len(text) + 1) for text in prepared]
        if self.after_morphemes:
            spaced = [_space_morphemes(*pair) for pair in zip(prepared, read_starts(prepared), strict=True)]
            prepared, places = [text for text, _ in spaced], [place for _, place in spaced]
        unknown = self.processor.unk_id()
        found = []
        for text, before, place, got in zip(
            texts, prepared, places, self.processor.encode(prepared, return_type="offset_mapping"), strict=True
        ):
            found.append(
                [
                    _piece(text, place[start], place[end], i == unknown)
                    for (start, end), i in zip(got["offsets"], got["ids"], strict=True)
                    # the sign for a space is a position of the model's input, but no part of the text
                    if not self.after_morphemes or before[start:end].strip() != _SPACE_SIGN
                ]
            )
        return found


@dataclasses.dataclass(frozen=True)
class UnitCutter:
    """Cut into whole eojeol, syllables (every other character by itself too), or letters (jamo).

    Parameters
    ----------
    unit : str
        One of `UNITS`.
    known : frozenset of str, optional
        The vocabulary; everything is known without one.
    """

    unit: str
    known: frozenset[str] = frozenset()

    def cut(self, texts: Sequence[str]) -> list[list[Piece]]:
        """Return the pieces of each text, in order."""
        return _cut_composed(lambda composed: [list(self._cut(replace_surrogates(one))) for one in composed], texts)

    def _cut(self, text: str) -> Iterator[Piece]:
        for match in _EOJEOL.finditer(text):
            if self.unit == "eojeol":
                yield Piece(match.start(), match.end(), self._unknown(match.group()), match.group())
                continue
            for place, character in enumerate(match.group(), match.start()):
                parts = unicodedata.normalize("NFD", character) if self.unit == "jamo" else character
                for part in parts:
                    yield Piece(place, place + 1, self._unknown(part), part)

    def _unknown(self, piece: str) -> bool:
        return bool(self.known) and piece not in self.known


def _cut_composed(cut: Callable[[Sequence[str]], list[list[Piece]]], texts: Sequence[str]) -> list[list[Piece]]:
    """Cut texts as they read, letters composed (NFC), and lay the pieces over the texts as they are stored.

    A tokenizer that composes by itself reports the first part of a letter alone as its place.
    """
    # letters alone: other marks may stack without end
    both = [_compose_letters(text) for text in texts]
    found = cut([composed for composed, _ in both])
    return [
        pieces if composed is text else [piece._replace(start=at[piece.start], end=at[piece.end]) for piece in pieces]
        for text, (composed, at), pieces in zip(texts, both, found, strict=True)
    ]


def _compose_letters(text: str) -> tuple[str, Sequence[int]]:
    """Return a text with its Hangul composed, and the place of each character in `text`, then the text's length."""
    parts, places, end = [], [], 0
    for match in _PARTED.finditer(text):
        letter = unicodedata.normalize("NFC", match.group())
        if len(letter) > 1:  # a final behind one
            continue
        parts += [text[end : match.start()], letter]
        places += range(end, match.start() + 1)
        end = match.end()
    if not parts:
        return text, range(len(text) + 1)
    return "".join([*parts, text[end:]]), [*places, *range(end, len(text) + 1)]


def _prepare(text: str) -> str:
    """Make every white space a plain one, as eojeol are parted by any; no place moves."""
    return _SPACE.sub(" ", replace_surrogates(text))


def _unknown_id(tokenizer: Tokenizer) -> int | None:
    name = getattr(tokenizer.model, "unk_token", None)
    # unigram models keep no name of it; ours and the usual ones call it so
    names = [name] if name else ["[UNK]", "<unk>"]
    return next((tokenizer.token_to_id(n) for n in names if tokenizer.token_to_id(n) is not None), None)


@functools.lru_cache(maxsize=1)
def _eojeol_starts(text: str) -> list[int]:
    return [match.start() for match in _EOJEOL.finditer(text)]


def _piece(text: str, start: int, end: int, unknown: bool) -> Piece:
    """Make a piece of a prepared text, without the white space that some tokenizers count to what follows it."""
    start += (end - start) - len(text[start:end].lstrip())
    end -= (end - start) - len(text[start:end].rstrip())
    head, space, _ = text[start:end].rpartition(" ")
    if space and not any(character.isalnum() for character in head):
        start += len(head) + 1  # controls before a space, which SentencePiece drops, count to the next piece
    if start == end:  # a space alone: it belongs to the eojeol that follows
        if text[start : start + 1].isspace():
            starts = _eojeol_starts(text)
            place = bisect.bisect_left(starts, start)
            start = starts[place] if place < len(starts) else len(text)
        return Piece(start, start, unknown, "▁")
    return Piece(start, end, unknown, text[start:end])


def _space_morphemes(text: str, morpheme_starts: Sequence[int]) -> tuple[str, list[int]]:
    """Put spaces between morphemes and the sign between eojeol; return the text and where each character was."""
    starts, spaced, places = set(morpheme_starts), [], []
    for place, character in enumerate(text):
        if character.isspace():
            added = f" {_SPACE_SIGN} "
        else:
            added = f" {character}" if place in starts and place else character
        spaced.append(added)
        places += [place] * len(added)
    return "".join(spaced), [*places, len(text)]


def as_cutter(tokenizer: Any) -> Cutter:
    """Return a cutter for `tokenizer`.

    Parameters
    ----------
    tokenizer : cutter, tokenizers.Tokenizer, fast transformers tokenizer, SentencePieceProcessor
        Or one of `UNITS`.

    Raises
    ------
    DataError
        When it reports no offsets, or its pieces do not cover the letters of a plain sentence.

    Examples
    --------
    >>> [piece.start for piece in as_cutter("jamo").cut(["재미"])[0]]
    [0, 0, 1, 1]
    """
    cutter = _adapt(tokenizer)
    covered = {place for p in cutter.cut([_PROBE])[0] for place in range(p.start, p.end)}
    lost = [character for place, character in enumerate(_PROBE) if place not in covered and character != " "]
    if lost:
        raise DataError(
            f"the tokenizer's pieces do not rebuild the text: of {_PROBE!r} they leave out {''.join(lost)!r}. "
            "Pieces are laid over characters, so their offsets must cover every letter."
        )
    return cutter


def _adapt(tokenizer: Any) -> Cutter:
    if hasattr(tokenizer, "cut"):
        return tokenizer
    if isinstance(tokenizer, Tokenizer):
        return HuggingFaceCutter(tokenizer)
    if isinstance(getattr(tokenizer, "backend_tokenizer", None), Tokenizer):
        return HuggingFaceCutter(tokenizer.backend_tokenizer)
    if hasattr(tokenizer, "unk_id") and hasattr(tokenizer, "encode"):
        return SentencePieceCutter(tokenizer)
    if tokenizer in UNITS:
        return UnitCutter(tokenizer)
    raise DataError(
        f"{type(tokenizer).__name__} reports no character offsets; needed is a fast tokenizer (tokenizer.json), "
        f"a SentencePiece model, or one of {', '.join(UNITS)}"
    )


def check_knows_korean(cutter: Cutter, name: str) -> None:
    """Raise a `DataError` when most pieces of a plain sentence are unknown: a vocabulary that was loaded wrongly."""
    pieces = cutter.cut([_PROBE])[0]
    unknown = sum(piece.unknown for piece in pieces)
    if unknown * 2 > len(pieces):
        raise DataError(
            f"{name} turns Korean into unknown pieces: {unknown} of {len(pieces)} of a plain sentence. Often the "
            'vocabulary was not read, or strips accents and with them Hangul ("do_lower_case": false is missing).'
        )
