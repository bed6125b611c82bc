"""What a licence expression allows, and which one people mean who write it otherwise.

Expressions are SPDX's, read by license-expression; where a file states its own is found in ``stated_licences``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from boolean.boolean import Expression
from license_expression import ExpressionError, LicenseWithExceptionSymbol, Licensing, get_spdx_licensing

from kosent_lab.core.exceptions import DataError

UNREAD = "LicenseRef-unread"
_OWN = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
_LATER = re.compile(r"[A-Za-z0-9.-]+\+")  # Apache-2.0+: this version or a later one
_DEPRECATED = {  # ids of SPDX's before there was WITH
    f"GPL-{number}-with-{old}-exception": f"GPL-{number}-only WITH {new}"
    for number, old, new in (
        ("2.0", "classpath", "Classpath-exception-2.0"), ("2.0", "autoconf", "Autoconf-exception-2.0"),
        ("2.0", "bison", "Bison-exception-2.2"), ("2.0", "font", "Font-exception-2.0"),
        ("2.0", "GCC", "GCC-exception-2.0"), ("3.0", "autoconf", "Autoconf-exception-3.0"),
        ("3.0", "GCC", "GCC-exception-3.1"),
    )
}  # fmt: skip
_WITH_OLD = re.compile("|".join(_DEPRECATED), re.IGNORECASE)
_STAND_IN = re.compile(r"licenseref-(\d+)-of-this-text")
# how people write what SPDX calls otherwise, in package metadata and classifiers
_WRITTEN = {
    r"(the )?mit( licen[cs]e)?( \(mit\))?": "MIT",
    r"apache( software)?( licen[cs]e)?,?[ -]?(version |v)?2(\.0)?( licen[cs]e)?": "Apache-2.0",
    r"apache software licen[cs]e": "Apache-2.0",
    r"(3-clause |new |modified |revised )bsd( licen[cs]e)?|bsd[ -]3([ -]clause)?( licen[cs]e)?": "BSD-3-Clause",
    r"(2-clause |simplified )bsd( licen[cs]e)?|bsd[ -]2([ -]clause)?( licen[cs]e)?": "BSD-2-Clause",
    r"(gnu )?(general public licen[cs]e|gpl)[ -]?(version |v)?2( \(gplv2\))?": "GPL-2.0-only",
    r"(gnu )?(general public licen[cs]e|gpl)[ -]?(version |v)?2(\+| or later)( \(gplv2\+\))?": "GPL-2.0-or-later",
    r"(gnu )?(general public licen[cs]e|gpl)[ -]?(version |v)?3( \(gplv3\))?": "GPL-3.0-only",
    r"(gnu )?(general public licen[cs]e|gpl)[ -]?(version |v)?3(\+| or later)( \(gplv3\+\))?": "GPL-3.0-or-later",
    r"(gnu )?(lesser general public licen[cs]e|lgpl)[ -]?(version |v)?2\.1( \(lgplv2\.1\))?": "LGPL-2.1-only",
    r"(gnu )?(lesser general public licen[cs]e|lgpl)[ -]?(version |v)?3( \(lgplv3\))?": "LGPL-3.0-only",
    r"(gnu )?(affero general public licen[cs]e|agpl)[ -]?(version |v)?3( \(agplv3\))?": "AGPL-3.0-only",
    r"mozilla public licen[cs]e 2\.0( \(mpl 2\.0\))?|mpl[ -]?2(\.0)?": "MPL-2.0",
    r"bsd 3-clause \"new\" or \"revised\" license": "BSD-3-Clause",
    r"https?://(www\.)?apache\.org/licenses/license-2\.0(\.txt|\.html)?": "Apache-2.0",
    r"isc( licen[cs]e)?( \(iscl\))?": "ISC",
    r"(the )?unlicense( \(unlicense\))?": "Unlicense",
    r"cc0( 1\.0)?( universal)?( \(cc0 1\.0\) public domain dedication)?": "CC0-1.0",
    # as Korean sources write them; 공공누리 (Korea Open Government Licence) is on no list of SPDX's
    **{rf"cc[ -]by{kind}[ -]{number}": f"CC-BY{kind.upper().replace(' ', '-')}-{number}"
       for kind in ("", "-nc", "-sa", "-nd", "-nc-sa", "-nc-nd") for number in ("2.0", "3.0", "4.0")},
    **{rf"(kogl|공공누리)[ -]?(제 ?)?{kind}(유형)?": f"LicenseRef-KOGL-{kind}" for kind in "1234"},
}  # fmt: skip


@functools.cache
def _licensing() -> Licensing:
    return get_spdx_licensing()


@functools.lru_cache(maxsize=10_000)
def parse_licence(expression: str) -> Expression:
    """Read an SPDX expression; ``LicenseRef-…`` stands for itself.

    Raises
    ------
    DataError
        When it is none.

    Examples
    --------
    >>> str(parse_licence("MIT AND (Apache-2.0 OR bsd-3-clause)"))
    'MIT AND (Apache-2.0 OR BSD-3-Clause)'
    """
    # known to no list, but SPDX's own way to name what is on none
    expression = _today(expression)
    names = _own_names(expression)
    plain = expression
    if _STAND_IN.search(expression.lower()):
        raise DataError(f"{expression!r} is no SPDX expression of known licences")
    for number, name in enumerate(names):
        whole = rf"(?<![A-Za-z0-9.:-]){re.escape(name)}(?![A-Za-z0-9.+-])"
        plain = re.sub(whole, f"licenseref-{number}-of-this-text", plain)
    try:
        found = _licensing().parse(plain)
        unknown = [] if found is None else _licensing().unknown_license_keys(found)
        if unknown := [key for key in unknown if not _STAND_IN.fullmatch(key)]:
            raise ValueError(f"{unknown[0]} is on no list")
    except (ExpressionError, ValueError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{expression!r} is no SPDX expression of known licences: {_first_line(error)}") from error
    if found is None:
        raise DataError("an empty text is no licence; what states none is LicenseRef-unstated")
    alone = {part.key for part in found.get_literals() if getattr(part, "is_exception", False)}
    if alone:
        raise DataError(f"{expression!r} is no SPDX expression: {min(alone)} is an exception, which stands behind WITH")
    return found


def _today(expression: str) -> str:
    """Return an expression with ids of SPDX's that are deprecated in today's words."""
    by_lower = {old.casefold(): new for old, new in _DEPRECATED.items()}
    return _WITH_OLD.sub(lambda match: by_lower[match.group().casefold()], expression)


@functools.cache
def _listed() -> frozenset[str]:
    return frozenset(key.casefold() for key in _licensing().known_symbols)


def _own_names(expression: str) -> list[str]:
    """Return what an expression names that is on no list, each once: ``LicenseRef-…``, and versions "or later" (``+``)
    of licences that have no id for it.
    """
    written = (one for one in _LATER.findall(expression) if one.casefold() not in _listed())
    later = [one for one in written if one[:-1].casefold() in _listed()]
    return list(dict.fromkeys([*_OWN.findall(expression), *later]))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def spdx(expression: str) -> str:
    """Return an expression as SPDX writes it.

    Raises
    ------
    DataError
        When it is none.

    Examples
    --------
    >>> spdx("mit or (apache-2.0 and LicenseRef-ours)")
    'MIT OR (Apache-2.0 AND LicenseRef-ours)'
    """
    names = _own_names(_today(expression))
    return _STAND_IN.sub(lambda match: names[int(match.group(1))], str(parse_licence(expression)))


def join_licences(expressions: Iterable[str], operator: str = "AND") -> str:
    """Return one expression of several, each once: all hold, or by ``OR`` one may choose.

    Examples
    --------
    >>> join_licences(["MIT", "Apache-2.0 OR GPL-2.0-only", "MIT"])
    'MIT AND (Apache-2.0 OR GPL-2.0-only)'
    """
    several = list(dict.fromkeys(expressions))
    return f" {operator} ".join(f"({one})" if len(several) > 1 and " " in one else one for one in several)


def licence_names(expression: str) -> set[str]:
    """Return the licences and exceptions that an expression names, whatever stands between them.

    Examples
    --------
    >>> sorted(licence_names("(MIT OR Apache-2.0) AND GPL-2.0-only WITH Classpath-exception-2.0"))
    ['Apache-2.0', 'Classpath-exception-2.0', 'GPL-2.0-only', 'MIT']
    """
    return set(re.findall(r"[A-Za-z0-9.+-]+", expression)) - {"AND", "OR", "WITH"}


def is_allowed(expression: str, allow: frozenset[str]) -> bool:
    """Tell whether an expression lets a text be used by who accepts the licences of `allow`.

    Of ``A OR B`` one must be allowed, of ``A AND B`` both; ``A WITH exception`` is allowed where ``A`` is, since an
    exception of SPDX's list only adds to what one may do, or where it is named itself. What is behind ``WITH`` and not
    on that list (Commons Clause) may take away: it must be named.

    Raises
    ------
    DataError
        When the expression is none.

    Examples
    --------
    >>> allow = frozenset({"MIT", "Apache-2.0"})
    >>> [is_allowed(text, allow) for text in ("MIT OR GPL-3.0-only", "MIT AND GPL-3.0-only")]
    [True, False]
    >>> [is_allowed(f"Apache-2.0 WITH {name}", allow) for name in ("LLVM-exception", "LicenseRef-no-military-use")]
    [True, False]
    """
    names = _own_names(_today(expression))

    def allowed(part: Expression) -> bool:
        if getattr(part, "args", ()):
            found = [allowed(one) for one in part.args]
            return all(found) if part.operator.strip() == "AND" else any(found)
        if isinstance(part, LicenseWithExceptionSymbol):
            own = not part.exception_symbol.is_exception  # or a licence, of which none adds to another
            whole = _STAND_IN.sub(lambda match: names[int(match.group(1))], str(part))
            return whole in allow or (not own and part.license_symbol.key in allow)
        key = part.key
        if match := _STAND_IN.fullmatch(key):
            key = names[int(match.group(1))]
        return key in allow or key.removesuffix("+") in allow  # or a later one: this one may be chosen

    return allowed(parse_licence(expression))


def written_licence(words: str) -> str:
    """Return the SPDX expression for a licence as package metadata names it.

    Returns
    -------
    str
        ``LicenseRef-`` and the words where they name none that is known: ``BSD`` alone may be several.

    Examples
    --------
    >>> [written_licence(words) for words in ("Apache 2.0", "GPL v3+", "MIT OR LicenseRef-ours", "BSD", "see LICENSE")]
    ['Apache-2.0', 'GPL-3.0-or-later', 'MIT OR LicenseRef-ours', 'LicenseRef-BSD', 'LicenseRef-see-LICENSE']
    """
    words = re.sub(r"\\(.)", r"\1", words).strip()  # as a program writes quotes within quotes
    for pattern, expression in _WRITTEN.items():
        if re.fullmatch(pattern, words, re.IGNORECASE):
            return expression
    try:
        return spdx(words)
    except DataError:
        return "LicenseRef-" + (re.sub(r"[^A-Za-z0-9.]+", "-", words).strip("-")[:60] or "unreadable")
