"""Find and mask what names a person in a text, and what gives access to what is theirs.

Shapes, check digits and words around them (``corpora.recognisers``), of passwords also a model of the words around them
(``corpora.secret_words``): names are not found, nor what is spelled out, and nothing here says that a text is free of
personal data. Tables are read in ``personal_tables``; who warns of it and who hides it is decided
in ``cli`` and ``report``.
"""

from __future__ import annotations

import bisect
import functools
import hashlib
import logging
import operator
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from kosent_lab.core.files import file_sha256
from kosent_lab.core.hangul import compose
from kosent_lab.corpora.recogniser import is_free
from kosent_lab.corpora.recognisers import RECOGNISERS
from kosent_lab.corpora.secret_words import load_secret_words

logger = logging.getLogger(__name__)


def _digit(character: str) -> int | None:
    return unicodedata.digit(character, None) if character.isdecimal() or character in "⓪①②③④⑤⑥⑦⑧⑨" else None


KINDS = {one.kind: one.name for one in RECOGNISERS}
PLACEHOLDERS = {one.kind: one.placeholder for one in RECOGNISERS}
_MASKED = re.compile("|".join(sorted(map(re.escape, PLACEHOLDERS.values()))))
# full-width digits and signs as an input method writes them; each stands for one, so that places stay
_HALF_WIDTH: dict[int, int | str] = str.maketrans("－．＠（）＋‐‑‒–—−ㅡ·：／", "-.@()+--------:/")
# digits of other scripts and in circles
_HALF_WIDTH |= {code: str(digit) for code in range(0x80, 0x20000) if (digit := _digit(chr(code))) is not None}
# spaces of web pages and of print
_HALF_WIDTH |= dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2005\u2007\u2008\u2009\u200a\u202f\u3000"), " ")
# what any find holds: most texts hold none of it
HINT = r"[\d⓪①-⑨@＠]|[공영]일[공영]|[(\[]at[)\]]|골뱅이|://|(?i:pass|pwd|pw|secret|token|key|비번|비밀번호|패스워드|암호|인증키|접속키|공유키|토큰|문구|프레이즈|시드|니모닉)"
_HINT = re.compile(HINT)
_HINTS = {one.hint: re.compile(one.hint) for one in RECOGNISERS}  # many share one
_LISTED = ("account", "driver", "ip", "passport")
_CONTACTS = ("phone", "mail", "resident", "card", "account", "passport", "driver")
_NEAR = 40  # characters between two of a list
_LONGEST = 60  # characters of one of a list
_BARE = 80  # characters of a cell that holds one value
_START, _END = operator.attrgetter("start"), operator.attrgetter("end")
_REACH, _MARGIN = 150, 210  # characters around what was masked in which more is looked for; and what is read around
_TELLING = re.compile(
    "(?i)계좌(?:번호)?|여권(?:번호)?|(?:운전)?면허(?:번호)?|(?:현관 ?)?(?:비밀번호|비번|암호)"
    "|주민(?:등록)?(?:번호)?|외국인등록번호"
    "|전화(?:번호)?|연락처|휴대(?:폰|전화)|핸드폰|(?:신용)?카드(?:번호)?|차량(?:번호)?|사업자(?:등록)?(?:번호)?"
    "|(?<![a-z])(?:password|passwd|pwd|pw|account|passport|license|rrn|ssn|tel|phone|mobile|secret|token|api_?key)(?![a-z])"
)
OF_PHONES = re.compile("(?i)전화|연락|휴대|핸드폰|(?<![a-z])(?:tel|phone|mobile|hp|cell)(?![a-z])")


class Found(NamedTuple):
    """One thing that names a person: its kind (of `KINDS`) and its characters, end exclusive."""

    kind: str
    start: int
    end: int


@functools.cache
def fingerprint() -> str:
    """Return a hash of the modules and the model that decide what is found: only where it is the same, hashes of masked
    texts can be held against each other.
    """
    folder, digest = Path(__file__).parent, hashlib.sha256()
    for path in sorted([*folder.glob("*recogniser*.py"), *folder.glob("secret_words.*"), *folder.glob("personal*.py")]):
        digest.update(f"{path.name}\0{file_sha256(path)}\n".encode())
    return digest.hexdigest()


def find_personal(text: str) -> list[Found]:
    """Find personal data and secrets.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of Found
        In the order of the text; none overlap: of two that claim a place the first of `recognisers.RECOGNISERS` has it.

    Examples
    --------
    >>> [(found.kind, found.start, found.end) for found in find_personal("문의 010-0000-0000, a@mail.example")]
    [('phone', 3, 16), ('mail', 18, 32)]
    >>> find_personal("별점 5.0, 12,900원, 2024-01-15, 주문 20240115-0001234")
    []
    """
    composed, places = compose(text)  # a file of macOS holds decomposed letters
    if len(composed) < len(text):
        return [Found(kind, places[start], places[end]) for kind, start, end in find_personal(composed)]
    fresh = _find_once(text)
    found = list(fresh)
    # what is masked tells of nothing any more; looked at again until nothing is left, a text masked twice is the same
    while fresh:
        fresh = _find_near(text, found, fresh) or _moved_back(_find_once(mask_text(text, found)), found)
        for one in fresh:
            bisect.insort(found, one, key=_START)
    return found


def _find_near(text: str, found: list[Found], fresh: list[Found]) -> list[Found]:
    """Find what is new around places that were just masked: a text of a thousand passwords is not read as often."""
    groups: list[list[Found]] = []
    for one in fresh:
        if groups and one.start - groups[-1][-1].end <= _REACH:
            groups[-1].append(one)
        else:
            groups.append([one])
    near: list[Found] = []
    for group in groups:
        start, end = max(0, group[0].start - _REACH - _MARGIN), min(len(text), group[-1].end + _REACH + _MARGIN)
        left, right = bisect.bisect_right(found, start, key=_END), bisect.bisect_left(found, end, key=_START)
        start, end = min(start, found[left].start), max(end, found[right - 1].end)
        inside = [Found(kind, a - start, b - start) for kind, a, b in found[left:right]]
        masked = mask_text(text[start:end], inside)
        # what a place at the edge is told by is read, and nothing found there
        low, high = (_MARGIN if start else 0), len(masked) - (_MARGIN if end < len(text) else 0)
        own = [one for one in _find_once(masked) if low <= one.start and one.end <= high]
        taken = near[-1].end if near else 0  # by the group before
        moved = [Found(kind, a + start, b + start) for kind, a, b in _moved_back(own, inside)]
        near += [one for one in moved if one.start >= taken]
    return near


def find_in_cell(text: str, heading: str) -> list[Found]:
    """Find personal data in a cell of a table, where its heading may tell what a bare value is: 계좌번호, tel.

    Examples
    --------
    >>> [(found.kind, found.start, found.end) for found in find_in_cell("482736-04-127384", "계좌번호")]
    [('account', 0, 16)]
    >>> find_in_cell("482736-04-127384", "주문번호")
    []
    """
    found = find_personal(text)
    if found or len(text) > _BARE or not (telling := _TELLING.search(heading)):
        return found
    zeros = ""  # which a spreadsheet takes: of 010-…, of who was born in 2005
    if text.isdecimal():
        zeros = "0" * max(0, 13 - len(text)) if "주민" in heading else "0" if OF_PHONES.search(heading) else ""
    lead = f"{telling.group()}: {zeros}"
    shifted = (Found(kind, start - len(lead), end - len(lead)) for kind, start, end in find_personal(lead + text))
    return [Found(kind, max(0, start), end) for kind, start, end in shifted if end > 0]


def _moved_back(fresh: list[Found], before: list[Found]) -> list[Found]:
    """Return where finds of a text in which `before` is masked stand in the text itself; all in the text's order."""
    moved, longer, rest = [], 0, iter(before)
    known = next(rest, None)
    for kind, start, end in fresh:
        while known is not None and known.start <= start + longer:
            longer += known.end - known.start - len(PLACEHOLDERS[known.kind])
            known = next(rest, None)
        moved.append(Found(kind, start + longer, end + longer))
    return moved


def _find_once(text: str) -> list[Found]:
    if not _HINT.search(text):
        return []
    plain, masked = _prepare(text)
    found = _by_pattern(plain, masked)
    words = load_secret_words().find(plain, [*masked, *((one.start, one.end) for one in found)])
    return sorted([*found, *(Found("secret", *place) for place in words)], key=lambda one: one.start)


def find_by_pattern(text: str) -> list[Found]:
    """Find what shapes, check digits and words around them tell: `find_personal` without the model of passwords."""
    return sorted(_by_pattern(*_prepare(text)), key=lambda one: one.start) if _HINT.search(text) else []


def _prepare(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the text that is looked at, of the same length, and the places where something was masked before: what
    stands in one's place is no word that tells of another.
    """
    plain = text.translate(_HALF_WIDTH)
    masked = [match.span() for match in _MASKED.finditer(plain)]
    return _MASKED.sub(lambda match: " " * len(match.group()), plain), masked


def _by_pattern(plain: str, masked: list[tuple[int, int]]) -> list[Found]:
    found: list[Found] = []
    taken = sorted(masked)
    hinted = {hint: pattern.search(plain) is not None for hint, pattern in _HINTS.items()}
    for recogniser in RECOGNISERS:
        if not hinted[recogniser.hint]:
            continue
        without_words = []
        for match in recogniser.pattern.finditer(plain):
            start, end = match.span(recogniser.group)
            if is_free(taken, start, end):
                if recogniser.accepts(match, plain):
                    found.append(Found(recogniser.kind, start, end))
                    bisect.insort(taken, (start, end))
                elif recogniser.kind in _LISTED and recogniser.may_be(match, plain):
                    without_words.append(Found(recogniser.kind, start, end))
        if not without_words:
            continue
        known = sorted((other.start, other) for other in found if other.kind == recogniser.kind)
        for one in without_words:  # of a list the first has the words around it: its like are of its kind
            first = bisect.bisect_left(known, (one.start - _NEAR - _LONGEST,))
            last = bisect.bisect_right(known, (one.end + _NEAR + 1,))
            if any(_is_like(one, other, plain) for _, other in known[first:last]):
                found.append(one)
                bisect.insort(known, (one.start, one))
                bisect.insort(taken, (one.start, one.end))
    return found


def _is_like(one: Found, other: Found, text: str) -> bool:
    """Tell whether two finds of a kind stand near each other and are written alike."""
    near = max(one.start - other.end, other.start - one.end) <= _NEAR
    return one.kind == other.kind and near and _shape(text, one) == _shape(text, other)


def _shape(text: str, one: Found) -> str:
    return re.sub(r"\d+", "0", text[one.start : one.end]) + (str(one.end - one.start) if one.kind != "ip" else "")


def mask_text(text: str, found: Iterable[Found] | None = None) -> str:
    """Return `text` with a placeholder of its kind where `find_personal` finds something; masked twice it is the same.

    Examples
    --------
    >>> mask_text("010-0000-0000으로 주세요")
    '[전화번호]으로 주세요'
    """
    parts, place = [], 0
    for kind, start, end in find_personal(text) if found is None else found:
        parts += [text[place:start], PLACEHOLDERS[kind]]
        place = end
    return "".join([*parts, text[place:]])


def mask_contacts(text: str) -> str:
    """Return `text` with what is told by its shape alone masked: numbers of persons and addresses of mail, no secrets,
    which words around them would make of paths and commands.
    """
    return mask_text(text, [one for one in find_by_pattern(text) if one.kind in _CONTACTS])


def leave_out(text: str) -> str:
    """Return `text` without what `find_personal` finds in it, and without placeholders."""
    return " ".join(_MASKED.sub(" ", mask_text(text)).split())


def warn(
    name: str,
    counts: Mapping[str, int],
    *,
    masked: bool,
    otherwise: str = "--mask-personal hides them in what is written",
) -> None:
    """Tell the user what a table holds, by kind and number, never a value; nothing where it holds none."""
    if held := describe(counts):
        what = "hidden in what is written" if masked else otherwise
        logger.warning("%s holds what names persons: %s; %s", name, held, what)


def describe(counts: Mapping[str, int]) -> str:
    """Return the kinds and how many there are of each.

    Examples
    --------
    >>> describe({"phone": 2, "mail": 1})
    '1 mail address, 2 phone numbers'
    """
    held = [(KINDS[kind], counts[kind]) for kind in KINDS if counts.get(kind)]
    return ", ".join(f"{n:,} {name}{'' if n == 1 else 'es' if name.endswith('s') else 's'}" for name, n in held)
