"""Characters that a vocabulary lacks: each is read by itself, so that the word around it is read too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from kosent_lab.core.schema import DataError
from kosent_lab.tokenization.cutters import STRANGER

# how an emoji is drawn, not which it is: as text or picture, joined to the next, as woman or man, on a key, with the
# colour of a skin
_DRAWN = "\\x{200d}[♀♂]|[\\x{fe0e}\\x{fe0f}\\x{200d}\\x{20e3}\\x{1f3fb}-\\x{1f3ff}]"
_STAR = "⭐", "★"  # the picture is read as the sign, which points are given with
_SYLLABLES = [chr(code) for code in range(ord("가"), ord("힣") + 1)]


def read_signs(tokenizer: Tokenizer, pieces: Sequence[str]) -> Tokenizer:
    """Let a WordPiece tokenizer read signs that it does not know: emoji by pieces of their own, all others by one.

    WordPiece gives up a whole word for one character that no piece holds: 최악이에요💢 is one unknown piece. Here such
    a character stands by itself, unless it is a syllable: 뜹니다, in a vocabulary without 뜹, stays one unknown piece,
    as what is left of a word without its stem misleads more often than it helps.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        Not changed.
    pieces : sequence of str
        Characters that become pieces, in this order, behind those that it has and `STRANGER`.

    Returns
    -------
    tokenizers.Tokenizer
        One in which all pieces of before have their number, and which cuts every text as before that holds no character
        which it cannot continue a word with. Signs that tell how an emoji is drawn are left out, ⭐ is read
        as ★ where it has no piece, and of several of one kind without a space between them one is read: each adds its
        part, and twenty would drown the words.

    Raises
    ------
    DataError
        When it is no WordPiece tokenizer, or reads signs already, and not all of these.

    Examples
    --------
    >>> tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "맛": 1, "##있": 2, "##다": 3}, unk_token="[UNK]"))
    >>> tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    >>> tokenizer.encode("맛있다👍🏻★ 뜹다").tokens
    ['[UNK]', '[UNK]']
    >>> read_signs(tokenizer, "👍").encode("맛있다👍🏻👍★★ 뜹다").tokens
    ['맛', '##있', '##다', '👍', '\ufffd', '[UNK]']
    """
    if not isinstance(tokenizer.model, models.WordPiece):
        raise DataError(f"only WordPiece gives up words for a character; got {type(tokenizer.model).__name__}")
    known = tokenizer.get_vocab()
    fresh = [piece for piece in dict.fromkeys([STRANGER, *pieces]) if piece not in known]
    if STRANGER in known:
        if fresh:
            raise DataError(f"it reads signs already, but not {' '.join(fresh)}: begin with one that does not")
        return tokenizer
    prefix = tokenizer.model.continuing_subword_prefix
    inner = {piece.removeprefix(prefix) for piece in known if piece.startswith(prefix)} | set(_SYLLABLES)
    first = max(known.values()) + 1  # a vocabulary may have gaps
    more = Tokenizer.from_str(tokenizer.to_str())
    more.model = models.WordPiece(
        known | {piece: first + place for place, piece in enumerate(fresh)},
        unk_token=tokenizer.model.unk_token,
        max_input_chars_per_word=tokenizer.model.max_input_chars_per_word,
    )
    cut = pre_tokenizers.Split(_all_but(inner), "isolated")
    more.pre_tokenizer = pre_tokenizers.Sequence([*_parts(tokenizer.pre_tokenizer, pre_tokenizers.Sequence), cut])
    drawn = [(Regex(_DRAWN), ""), *([_STAR] if _STAR[1] in known and _STAR[0] not in {*known, *fresh} else [])]
    own = _parts(tokenizer.normalizer, normalizers.Sequence)
    read = [
        (_all_but({*inner, *known, *fresh}), STRANGER),
        (Regex(f"([{_ranges(fresh)}])(?=\\1)"), ""),
    ]
    more.normalizer = normalizers.Sequence(
        [*(normalizers.Replace(*each) for each in drawn), *own, *(normalizers.Replace(*each) for each in read)]
    )
    return more


def _parts(own: Any, sequence: type) -> list[Any]:
    return [] if own is None else list(own) if isinstance(own, sequence) else [own]


def _all_but(pieces: Iterable[str]) -> Regex:
    """Return what any character fits but spaces and those that are pieces."""
    return Regex(f"[^\\s{_ranges(pieces)}]")


def _ranges(pieces: Iterable[str]) -> str:
    """Return the pieces of one character as a regular expression writes them between brackets."""
    ranges: list[list[int]] = []
    for code in sorted(ord(piece) for piece in pieces if len(piece) == 1):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in ranges)
