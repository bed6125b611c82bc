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


_NEWEST = datetime.date(2028, 12, 31)  # not today: what is found must not hang on when one looks


def is_born_checked(written: str) -> bool:
    """Tell whether a resident number has a day of birth and, of one born before 2000, the check digit.

    Whoever has a new number without one since October 2020 was seldom born before 2000: those need their words.
    """
    if not is_born(written):
        return False
    return len(_digits(written)) < 13 or _digits(written)[6] not in (1, 2) or is_resident(written)


def is_born(written: str) -> bool:
    """Tell whether a resident number begins with a day of birth, up to the `_NEWEST`."""
    digits = _digits(written)
    century = 1900 if digits[6] in (1, 2, 5, 6) else 2000
    year, month, day = (10 * digits[place] + digits[place + 1] for place in (0, 2, 4))
    try:
        return datetime.date(century + year, month, day) <= _NEWEST
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
    return len(digits) == 10 and len(set(digits)) > 1 and (10 - (total + digits[8] * 5 // 10) % 10) % 10 == digits[9]


# which payment services document for trying out
_TEST_CARDS = {"4242424242424242", "4012888888881881", "5555555555554444", "5105105105105100", "378282246310005"}


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
    known = known and len(set(digits)) > 1 and "".join(map(str, digits)) not in _TEST_CARDS
    return known and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def is_whole_card(written: str) -> bool:
    """Tell whether digits parted anyhow are a card's, and as many as a card has."""
    diners = re.match("3(?:0[0-5]|[689])", re.sub(r"\D", "", written))
    return len(_digits(written)) in ((14, 16) if diners else (15, 16)) and is_card(written)


def is_account(written: str) -> bool:
    """Tell whether digits may be a bank account's: ten to fourteen, no padded sum, no form's zeros, no moment."""
    digits = _digits(written)
    if re.fullmatch(r"20[0-4]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])(?:[0-5]\d){1,2}", written):
        return False
    return 10 <= len(digits) <= 14 and len(set(digits)) > 1 and not re.fullmatch(r"0{4}\d+", written)


def is_door(written: str) -> bool:
    """Tell whether an address has numbers: 000동 000호 is a form."""
    return any(_digits(written))


def is_drawn_number(written: str) -> bool:
    """Tell whether its digits are neither all the same nor a row, as those of a form's example are."""
    digits = _digits(written)
    return len(set(digits)) > 1 and (len(digits) < 8 or "".join(map(str, digits)) not in "12345678901234567890")


def is_phone(written: str) -> bool:
    """Tell whether a number may be somebody's: 010-000-1234 is what the tax office takes for nobody's receipts."""
    return "".join(map(str, _digits(written))) not in ("0100001234", "01000001234")


def is_address(written: str) -> bool:
    """Tell whether it is an IP address of somebody: no network mask, no machine's own."""
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    short = len(written) < 8 and not re.search("[a-f]{2}", written)  # 3::7 is a score
    fingerprint = re.fullmatch("(?i)(?:[0-9a-f]{2}:){7}[0-9a-f]{2}", written)  # of a certificate
    short = short or not re.search(r"\d", written)  # ::add is a command
    own = fingerprint or short or address.is_loopback or address.is_unspecified or address.is_multicast
    return not own and not written.startswith(("255.255.", "0."))


def is_clear_address(written: str) -> bool:
    """Tell whether an IP address is one by itself: 4.11.9.0 and 10.8.2.1 may be versions, with small numbers."""
    if not is_address(written):
        return False
    if written.startswith(("192.0.2.", "198.51.100.", "203.0.113.")):  # of manuals (RFC 5737), of nothing else
        return True
    parts = [int(part) for part in written.split(".") if part.isdigit()]
    own_net = ipaddress.ip_address(written).is_private and max(parts[1:], default=0) >= 16
    return ":" in written or own_net or sum(part >= 32 for part in parts) > 1


_PLACEHOLDER = re.compile(
    r"(?i)^(?:[x*•.\-_0]+|\.\*.*|pass|pw|!\w+|<.*>|\{.*|\$.*|%.*|\[.*|\(.*|(?:os|process|self|config|settings)[.\[].*|\w+\(.*"
    r"|.*(?:your|change_?me|change-?me|example|sample|dummy|placeholder|redacted|replace"
    r"|getenv|environ|process\.env|os\.|config\.|settings\.|secrets\.|none|null|true|false|undefined|required|optional"
    r"|here|여기|입력|비밀번호|password|passwd|token|secret|api_?key|string|str)[\w.\-)\]}\"']{0,15})$"
)


# what has its own meaning: an address, what is asked of a page, a checksum, a measure
NO_SECRET = re.compile(
    r"://|^[\w/.-]*\?\w+=|^(?i:sha\d{1,3}|md5)[-:]|\d ?(?:mm|cm|px|kg)?[×xX*]\d+ ?(?:mm|cm|px)|^[2-6]G(?![a-z])"
    r"|^(?i:[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5})$|^\$?2[aby]\$\d\d\$"  # of a network card; what hides a password
    r"|(?i:(?:[0-9a-f]{2}:){3}[0-9a-f]{2})|\*{3}"  # of a certificate; hidden
)
# what stands behind token = in a program: a call, an index, an attribute, a type
_EXPRESSION = re.compile(
    r"^[&*:=(]|::|->|\w\(|\[|\]|^(?!.*\d[A-Za-z]+\d)[A-Za-z_]\w{0,30}(?:\.[A-Za-z_]\w{0,30})+\)?$|^[a-z_]+\d{0,2}_t$"
)


def is_secret(value: str) -> bool:
    """Tell whether a value given to a password or a key may be one: no placeholder, no plain word.

    A value that is as easily read as a word has four characters a digit or sign, or fewer letters than that; where
    it is one run of letters, its entropy is that of a word.
    """
    if (
        len(value) < 6
        or NO_SECRET.search(value)
        or _EXPRESSION.search(value)
        or _PLACEHOLDER.match(re.split("[&?]", value)[0])
        or re.search("[가-힣]|^[A-Za-z_]+=+$", value)
    ):
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", r"\d", r"[^\w\s]"))
    counts = [value.count(character) / len(value) for character in set(value)]
    entropy = -sum(share * math.log2(share) for share in counts)
    if re.fullmatch("(?:[a-z]{4} ){3}[a-z]{4}", value):  # a password that a mail service makes for a program
        return True
    return kinds >= 2 and entropy > 2.2 and bool(re.search(r"\d|[^\w\s]", value))


def is_key(written: str) -> bool:
    """Tell whether what begins as a provider's keys do is one: not the one of a manual, not a row of x."""
    return (
        not re.search(r"(?i)example|x{4}|\*{4}|your|placeholder|replace|change_?me", written)
        and len(set(written[-16:])) >= 5
    )


def is_pass(value: str) -> bool:
    """Tell whether what stands behind 비밀번호 may be one: digits for a door, or what is no word and no file name."""
    spoken = (
        r"[가-힣ㄱ-ㅎ]{1,8}\d{2,8}[!@#*a-z]{0,8}|\d{3,5}(?:열쇠|종|키|호출)\d{3,5}[*#]?"
        r"|[a-z]{2,10}\d{1,8}[가-힣]{2,8}|\d{3,6}[가-힣]{3,8}|종?\d{3,8} ?(?:종|별|샵|우물)"
    )
    if re.fullmatch(r"\d{16}", value) and is_card(value):
        return False
    if re.fullmatch(rf"[*#]?\d{{4,12}}[*#★]?\d{{0,8}}[*#]?|\d{{1,8}}[*#-]\d{{1,8}}|{spoken}", value):
        return len(set(value)) > 1 and value not in "01234567890"  # 1234 is everybody's
    if not re.search(r"\d", value) or value.endswith("=") or re.search("^&|&.*=", value) or _PLACEHOLDER.match(value):
        return False
    return is_secret(value) or bool(re.fullmatch(r"(?=.*[A-Za-z]{2})[\w!@#$%^&*~?+=-]{6,64}", value, re.ASCII))


def is_alone(value: str) -> bool:
    """Tell whether a run of letters, digits and signs is a password by its looks: a word with a sign, or drawn by lot.

    Examples
    --------
    >>> is_alone("Tteokbokki!92"), is_alone("kx7794mm"), is_alone("minsu1004"), is_alone("SM-G991N-BLACK")
    (True, True, False, False)
    """
    algorithm = re.match(
        "(?i)argon2|b(?:ase)?64|[bs]crypt|sha-?[1-5]|md5|utf8|pbkdf2|(?:aes|rsa|hs|rs|es)-?\\d{3}", value
    )
    if algorithm or "***" in value or not is_secret(value):
        return False
    if not re.search("[A-Za-z]", value) or not re.search(r"\d", value):
        return False
    return bool(re.search(r"[!#$%^&*~?+]|@\d", value)) or (value.isalnum() and _changes(value) > 1) or _is_drawn(value)


def is_mail(written: str) -> bool:
    """Tell whether it is a person's or an office's address: no user of a code host, no picture's name (icon@2x.png).

    Those of example.com, .net and .org are nobody's (RFC 2606).
    """
    local, domain = re.split(r" ?@ ?| ?[(\[]at[)\]] ?| ?\(?골뱅이\)? ?", written)[-2:]
    no_domain = (
        r"(?i)(?:^|\.)example\.(?:com|net|org)$"
        r"|\.(?:png|jpe?g|gif|svg|webp|css|js|py|service|socket|timer|mount|target)$"
    )
    return local not in ("git", "hg", "svn") and not re.search(no_domain, domain)


# names of parameters, in words: what opens by its name, and what does where its value looks drawn by lot
_OPENS = re.compile(
    r"(?!page|next|continuation|csrf)[a-z]*(?:token|secret)|apikey|accesskey|privatekey|signkey|authkey|sessionkey|sharekey|resourcekey"
    r"|otk|autologin|loginkey|onetime|pass|password|passwd|passcode|pwd|pw|jwt|otp|pin|rlkey"
)
_MAY_OPEN = re.compile(
    r"auth|private|sig|sign|signature|session|sess|sessionid|jsessionid|phpsessid|sid|credential|key|k|editkey|viewkey|access|invite|ticket|code|cert|hash"
)
# what follows a visitor or names a film, drawn by lot as well
_TRACKS = re.compile(
    r"(?i)utm_.*|[a-z]*clid|igsh(?:id)?|si|v|list|ref|q|query|napm|mibextid|url|redirect|return|next|[gw]braid"
)
_OPEN_PATH = re.compile(
    r"(?i);jsessionid=\w{16,}|/bot\d{8,10}:[\w-]{30,}|(?:web)?hooks?\.[\w.-]{1,60}(?:/services/\w+/\w+/\w{10,}|(?:/[\w-]{1,40}){1,4}/(?=\w*\d)\w{10,})|/(?:api/)?webhooks?/\d+/[\w-]{20,}"
    r"|/(?:private|secret|token|invite|reset|verify|magic|confirm|activate|pw|password|login)(?:/\w{1,12})?[-/]"
    r"(?:[0-9a-f]{16,}|(?=[\w-]*\d)[\w-]{20,})(?![\w-])|/private-(?=\w*\d)\w{10,}"
)


def _is_drawn(value: str) -> bool:
    """Tell whether a value looks drawn by lot: long, letters and digits among each other, many of them."""
    return bool(re.fullmatch(r"[\w.~+/=-]{16,}", value)) and len(set(value)) >= 8 and _changes(value) > 3


def _changes(value: str) -> int:
    """Count where a digit follows a letter or a letter a digit, and, half, where the case changes."""
    kinds = len(re.findall(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", value))
    return kinds + len(re.findall("(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[a-z])", value)) // 2


def is_open_url(url: str) -> bool:
    """Tell whether a URL gives access: a password before its host, or a key among its parameters or in its path."""
    try:
        parts = urlsplit(url)
        if (parts.password and not _PLACEHOLDER.match(parts.password)) or _is_drawn(parts.username or ""):
            return True
        given = parse_qsl(parts.query) + parse_qsl(parts.fragment)
    except ValueError:
        return False
    if re.search(r"X{8}|x{8}|0{8}", url):  # a manual's
        return False
    once = re.search(r"(?i)/(?:reset|verify|invite|confirm|activate|magic)(?:[-_]?\w+)?$", parts.path)
    drawn = once and any(len(value) >= 10 and _changes(value) > 1 for _, value in given)  # whatever its name
    return bool(drawn or _OPEN_PATH.search(url)) or any(_opens(name, value) for name, value in given)


def _opens(name: str, value: str) -> bool:
    if _PLACEHOLDER.match(value) or _TRACKS.fullmatch(name) or len(value) < 4:
        return False
    words = [word.lower() for word in (*re.split(r"[_.-]|(?<=[a-z])(?=[A-Z])", name), re.sub("[_.-]", "", name))]
    if any(map(_OPENS.fullmatch, words)):
        return len(value) >= 16 or bool(re.search(r"\d", value))
    if len(value) < 5:
        return False
    if any(map(_MAY_OPEN.fullmatch, words)):
        mixed = len(value) >= 10 and re.search(r"[A-Za-z]\d|\d[A-Za-z]", value)
        return _is_drawn(value) or _changes(value) > 1 or bool(mixed)
    return _is_drawn(value) and not name.lower().endswith(("id", "no", "seq"))  # those name what anybody may read
