"""Characters that a vocabulary lacks: each is read by itself, so that the word around it is read too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from kosent_lab.core.exceptions import DataError
from kosent_lab.tokenization.cutters import STRANGER

# how an emoji is drawn, not which it is: as text or picture, joined to the next, as woman or man, on a key, with the
# colour of a skin
_DRAWN = "\\x{200d}[♀♂]|[\\x{fe0e}\\x{fe0f}\\x{200d}\\x{20e3}\\x{1f3fb}-\\x{1f3ff}]"
# the picture is read as the sign, which points are given with: no more than five
_STAR = "⭐", "★"
_MORE_STARS = "⭐\\s*(?=(?:⭐\\s*){5})"
# joined faces that mean something else than the one that they begin with
_JOINED = {"😮\u200d💨": "😩", "😵\u200d💫": "😖"}
_SYLLABLES = [chr(code) for code in range(ord("가"), ord("힣") + 1)]


def read_signs(tokenizer: Tokenizer, groups: Sequence[Sequence[str]]) -> Tokenizer:
    """Let a WordPiece tokenizer read signs that it does not know: emoji by pieces of their own, all others by one.

    WordPiece gives up a whole word for one character that no piece holds: 최악이에요💢 is one unknown piece. Here such
    a character stands by itself, unless it is a syllable: 뜹니다, in a vocabulary without 뜹, stays one unknown piece,
    as what is left of a word without its stem misleads more often than it helps.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        Not changed.
    groups : sequence of sequence of str
        Characters that become pieces, in this order, behind those that it has and `STRANGER`, which belongs to the last
        group. Of a row of signs of one group one is read.

    Returns
    -------
    tokenizers.Tokenizer
        One in which all pieces of before have their number, and which cuts every text as before that holds no character
        which it cannot continue a word with. Signs that tell how an emoji is drawn are left out, 😵‍💫 and 😮‍💨 are read
        as the faces of their mood, ⭐ as ★ where it has no piece, at most five of them. Of several new pieces of one
        group, glued or with spaces between them, the last is read: each would add its part, and twenty drown the words.

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
    >>> read_signs(tokenizer, ["👏👍", "💢"]).encode("맛있다👏🏻 👍★★ 뜹다").tokens
    ['맛', '##있', '##다', '👍', '\ufffd', '[UNK]']
    """
    if not isinstance(tokenizer.model, models.WordPiece):
        raise DataError(f"only WordPiece gives up words for a character; got {type(tokenizer.model).__name__}")
    known = tokenizer.get_vocab()
    *others, last = groups
    rows = [[one for one in group if one not in known] for group in (*others, (STRANGER, *last))]
    fresh = list(dict.fromkeys([STRANGER, *(one for row in rows for one in row)]))
    if STRANGER in known:
        if len(fresh) > 1:
            raise DataError(f"it reads signs already, but not {' '.join(fresh[1:])}: begin with one that does not")
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
    starred = _STAR[1] in known and _STAR[0] not in {*known, *fresh}
    drawn: list[tuple[str | Regex, str]] = [
        *((joined, alike) for joined, alike in _JOINED.items() if alike in fresh),
        (Regex(_DRAWN), ""),
    ]
    if starred:
        drawn += [(Regex(_MORE_STARS), ""), _STAR]
    own = _parts(tokenizer.normalizer, normalizers.Sequence)
    read: list[tuple[str | Regex, str]] = [
        (_all_but({*inner, *known, *fresh}), STRANGER),
        *((Regex(f"[{_ranges(row)}]\\s*(?=[{_ranges(row)}])"), "") for row in rows if row),
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
