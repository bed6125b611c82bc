"""Whether what has the shape of personal data is some: check digits, days of birth, networks, entropy.

The shapes themselves, and the words around them, are in ``corpora.recognisers``.
"""

from __future__ import annotations

import datetime
import ipaddress
import math
import re
from urllib.parse import parse_qsl, urlsplit


def _digits(written: str) -> list[int]:
    return [int(character) for character in written if character.isdigit()]


def is_born(written: str) -> bool:
    """Tell whether a resident number begins with a day of birth that has been."""
    digits = _digits(written)
    century = 1900 if digits[6] in (1, 2, 5, 6) else 2000
    year, month, day = (10 * digits[place] + digits[place + 1] for place in (0, 2, 4))
    try:
        return datetime.date(century + year, month, day) <= datetime.date.today()
    except ValueError:
        return False


def is_resident(written: str) -> bool:
    """Tell whether thirteen digits are a resident number: a day of birth, and the check digit.

    Foreigners' numbers have a check digit of their own; those given since October 2020 have none and need their words.

    References
    ----------
    주민등록법 시행규칙 제2조.
    """
    digits = _digits(written)
    if len(digits) != 13 or not is_born(written):
        return False
    total = sum(weight * digit for weight, digit in zip((2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), digits, strict=False))
    return ((11 if digits[6] < 5 else 13) - total % 11) % 10 == digits[12]


def is_business(written: str) -> bool:
    """Tell whether ten digits have the check digit of a business registration number.

    Examples
    --------
    >>> is_business("220-81-62517"), is_business("220-81-62518")
    (True, False)
    """
    digits = _digits(written)
    total = sum(weight * digit for weight, digit in zip((1, 3, 7, 1, 3, 7, 1, 3, 5), digits, strict=False))
    return len(digits) == 10 and (10 - (total + digits[8] * 5 // 10) % 10) % 10 == digits[9]


def is_card(written: str) -> bool:
    """Tell whether digits are a card's: a network's first digits, and Luhn's check digit.

    Examples
    --------
    >>> is_card("4111-1111-1111-1111"), is_card("4111-1111-1111-1112")
    (True, False)
    """
    digits = _digits(written)
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    known = digits[0] in (3, 4, 5, 6, 9) or 22 <= 10 * digits[0] + digits[1] <= 27
    return known and len(set(digits)) > 1 and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def is_account(written: str) -> bool:
    """Tell whether digits may be a bank account's: ten to fourteen, in two groups or more or in one run."""
    return 10 <= len(_digits(written)) <= 14


def is_address(written: str) -> bool:
    """Tell whether it is an IP address of somebody: no network mask, no machine's own."""
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    # 1.2.3.4 is a list or a version, 3::7 a score
    short = len(written) < 8 and not re.search("[a-f]{2}", written)
    own = short or address.is_loopback or address.is_unspecified or address.is_multicast
    return not own and written != "255.255.255.255" and not written.startswith("255.255.")


_PLACEHOLDER = re.compile(
    r"(?i)^(?:[x*•.\-_0]+|<.*>|\{.*|\$.*|%.*|\[.*|\(.*"
    r"|.*(?:your|change_?me|change-?me|example|sample|dummy|placeholder|redacted"
    r"|getenv|environ|process\.env|os\.|config\.|settings\.|secrets\.|none|null|true|false|undefined|required|optional"
    r"|here|여기|입력|비밀번호|password|passwd|token|secret|api_?key|string|str)[\w.\-)\]}\"']*)$"
)


def is_secret(value: str) -> bool:
    """Tell whether a value given to a password or a key may be one: no placeholder, no plain word.

    A value that is as easily read as a word has four characters a digit or sign, or fewer letters than that; where
    it is one run of letters, its entropy is that of a word.
    """
    if len(value) < 6 or _PLACEHOLDER.match(value) or re.search("[가-힣]", value):
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", r"\d", r"[^\w\s]"))
    counts = [value.count(character) / len(value) for character in set(value)]
    entropy = -sum(share * math.log2(share) for share in counts)
    return kinds >= 2 and entropy > 2.2 and bool(re.search(r"\d|[^\w\s]", value))


_KEYS = r"token|key|api_?key|access_?key|auth|sig(?:nature)?|session(?:_?id)?|sid|pass(?:word|wd)?|pwd|secret|jwt|otp"

_NAMED = re.compile(
    rf"(?i)(?:^|[_.-])(?:access_?|auth_?|reset_?|id_?|refresh_?)?(?:{_KEYS})$|(?:token|secret|signature)$"
)


def is_open_url(url: str) -> bool:
    """Tell whether a URL gives access: a password before its host, or a key among its parameters."""
    try:
        parts = urlsplit(url)
        if parts.password and not _PLACEHOLDER.match(parts.password):
            return True
        given = parse_qsl(parts.query) + parse_qsl(parts.fragment)
    except ValueError:
        return False
    return any(_NAMED.search(name) and len(value) >= 6 and not _PLACEHOLDER.match(value) for name, value in given)
