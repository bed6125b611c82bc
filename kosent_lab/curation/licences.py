"""What a licence expression allows, and where a file states its own.

Expressions are SPDX's, read by license-expression. Only what is declared is looked at: a word that merely looks like a
licence (a variable named ``gpl``) is none.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from boolean.boolean import Expression
from license_expression import ExpressionError, LicenseWithExceptionSymbol, Licensing, get_spdx_licensing

from kosent_lab.core.schema import DataError

# the tag that REUSE asks for, alone on its line but for the marks of a comment, or behind whose the file is
_TAG = re.compile(
    r"^(?:[^\w\n]{0,80}|[ \t]{0,40}(?:dnl|(?i:@?rem)|::)[ \t]+|[^\w\n]{1,40}(?:SPDX-File)?Copyright[^\n]{1,120}?)"
    r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9(][^\n\r*<\"'{}#\\]{1,199}?)[ \t]*"
    r"(?:\*+[/)]|-->[^\n]*|-?[-#%]\}|\"{3}|'{3}|\]\])?[ \t\r*#/;-]*$",
    re.MULTILINE,
)
_HEAD = 5_000  # characters of a file in which a tag or a notice may stand
_GRANT = (  # or nothing at all, at the beginning
    r"(?:^ ?|under (?:the )?(?:terms (?:and conditions )?of )?|licen[cs]ed (?:to \w+ )?under |governed by |covered by |"
    r"subject to (?:the terms of )?)"
)
_KIND = "(?:Lesser |Library |Affero )?General"
_COMMONS = ",? (?:with|and) (?:the )?Commons Clause"
_VERSION = r"[123](?:\.[01])?"
_LATER = r"(?:,? \(?(?:or|and) \(?(?:at your option\)?,? )?(?:any )?later(?: versions?)?)?"
# the notices that licences ask to be put into each file, in the words of their own texts
_NOTICES = {
    r"subject to the terms of the Mozilla Public License,? v(?:ersion|\.)? ?2\.0": "MPL-2.0",
    rf"Licensed under the Apache License, Version 2\.0(?!{_COMMONS})": "Apache-2.0",
    rf"Licensed under the Apache License, Version 2\.0{_COMMONS}": "Apache-2.0 AND LicenseRef-Commons-Clause",
    r"Distributed under the Boost Software License, Version 1\.0": "BSL-1.0",
    # that a text speaks of the licence is no notice: the words of a grant stand before it
    rf"{_GRANT}(?:the )?GNU (?P<kind>{_KIND}) Public License,?(?: as published by the Free Software Foundation)?[;,]?"
    rf" \(?(?:either )?(?:version|v\.?) ?(?P<number>{_VERSION})(?:\.0)?(?: of the License)?{_LATER}": "",
    rf"{_GRANT}(?:either )?version (?P<number>{_VERSION})(?:\.0)?(?: or (?:any )?later)? of the"
    rf" GNU (?P<kind>{_KIND}) Public License{_LATER}": "",
}
# a licence that is named where a file states its own, in words that are not read: such a file inherits none
_SEEN = re.compile(
    r"(?:(?:#|//|/\*|<!--|--|;)[^\n\"'`]{0,80}|\"\$comment\": ?\")"
    r"SPDX-License-Identifier:[ \t]*(?P<tag>[A-Za-z0-9][\w.+-]{1,60})"
    r"|(?i:licen[cs]ed|released|distributed|available|covered|published) under (?:the |an? )?(?:terms of (?:the )?)?"
    r"[^.\n]{0,40}?(?:\b[AL]?GPL|\bEPL\b|\bCDDL|\bMPL|Elastic|Server Side Public|Eclipse Public|Mozilla Public"
    r"|Common Development|Creative Commons|Business Source|General Public)"
    r"|(?m:^[\s*#/;!%<\"'-]*(?:PROPRIETARY|Proprietary and confidential|Server Side Public License, version"
    r"|Creative Commons (?:Attribution|Legal Code)|Elastic License))"
    r"|(?:라이[선센]스|이용 ?허락)(?:로|에 따라|하에|으로)[^.\n]{0,20}(?:배포|공개|제공)|무단 ?(?:전재|복제|배포)"
    r"|reserved\.? Confidential|Unauthorized (?:copying|use)[^.\n]{0,80}prohibited|MODULE_LICENSE\([\"'](?!MIT|Dual)"
)
# a field of its own: # License: GPL-3.0, :license: MIT, @license Apache-2.0
_FIELD = re.compile(
    r"(?im)^[ \t]*(?:#+|//+|/?\*+!?|<!--|--|;+|%+|\"{3}|'{3})?[ \t]*(?:[:@]licen[cs]e:?|licen[cs]e[ \t]?:)[ \t]+"
    r"(?P<words>[A-Za-z][^\n]{0,200})$"
)
_CLOSED = re.compile(r"(?:\*+/|-->|\"{3}|'{3}|\s#).*$")  # where a comment ends, or another begins
_ADDRESS = re.compile(r"(?<=.)[\s(<\[]+https?://[^\s)>\]]+[)>\]]?")
_ASIDE = re.compile(r"(?i)[\s,;.:(\[-]+(?:see|copyright|\(c\)|©|for (?:more )?details|refer)(?![a-z]).*$")
_DUNDER = re.compile(r"(?m)^__licen[cs]e__ *= *[\"']([^\"'\n]{2,80})[\"']")
NAMES_ONE = re.compile(r"(?i)GPL|\bBSD|\bEPL|\bCDDL|\bMPL|\bCC\b|Creative Commons|proprietary|\bBUSL|\bSSPL")
UNREAD = "LicenseRef-unread"
_MARKS = re.compile(r"[\s*#/;!%|-]+")
_OWN = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
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
    names = dict.fromkeys(_OWN.findall(expression))
    plain = expression
    if _STAND_IN.search(expression.lower()):
        raise DataError(f"{expression!r} is no SPDX expression of known licences")
    for number, name in enumerate(names):
        plain = re.sub(re.escape(name) + r"(?![A-Za-z0-9.-])", f"licenseref-{number}-of-this-text", plain)
    try:
        found = _licensing().parse(plain)
        unknown = [] if found is None else _licensing().unknown_license_keys(found)
        if unknown := [key for key in unknown if not _STAND_IN.fullmatch(key)]:
            raise ValueError(f"{unknown[0]} is on no list")
    except (ExpressionError, ValueError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{expression!r} is no SPDX expression of known licences: {_first_line(error)}") from error
    if found is None:
        raise DataError("an empty text is no licence; what states none is LicenseRef-unstated")
    return found


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
    names = list(dict.fromkeys(_OWN.findall(expression)))
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
    names = list(dict.fromkeys(_OWN.findall(expression)))

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
        return key in allow

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


def stated_licence(text: str) -> tuple[str, int] | None:
    """Return the licence that a file states in a tag or a notice of its own, and the line of it, from 1.

    A notice is what a licence asks to be put into each file, in its own words: "subject to the terms of the Mozilla
    Public License v. 2.0"; that a text speaks of a licence is none. A licence that is named where a file would state
    its own, in other words than those, is `UNREAD`: such a file does not inherit one.

    Examples
    --------
    >>> stated_licence("# SPDX-License-Identifier: MIT OR Apache-2.0\\n")
    ('MIT OR Apache-2.0', 1)
    >>> stated_licence("// SPDX-License-Identifier: MIT\\n// SPDX-License-Identifier: GPL-2.0-only\\n")
    ('MIT AND GPL-2.0-only', 1)
    """
    head = text[:_HEAD].replace("\r\n", "\n").replace("\r", "\n")
    # of several all hold, as REUSE has it; a notice that says otherwise than the tag holds too
    tags = [(tag.group(1), head.count("\n", 0, tag.start()) + 1) for tag in _TAG.finditer(head)]
    noticed = _noticed(head) if "icense" in head else []
    said = {name for licence, _ in tags for name in licence_names(licence)}
    found = tags + [one for one in noticed if one[0] not in said]
    if found:
        return join_licences(licence for licence, _ in found), min(line for _, line in found)
    for seen in _SEEN.finditer(head):
        if seen["tag"] is None or _is_known(seen["tag"]):
            return UNREAD, head.count("\n", 0, seen.start()) + 1
    fields = [(_of_field(field["words"]), head.count("\n", 0, field.start()) + 1) for field in _FIELD.finditer(head)]
    if named := [one for one in fields if one[0]]:
        return join_licences(licence for licence, _ in named), named[0][1]
    if own := _DUNDER.search(head):
        words = written_licence(own.group(1))
        return UNREAD if words.startswith("LicenseRef-") else words, head.count("\n", 0, own.start()) + 1
    return None


def _of_field(words: str) -> str:
    """Return the licence that a field of a file names: `UNREAD` where it names one and more than is read, ``""`` where
    it names none.
    """
    said = _ADDRESS.sub("", _CLOSED.sub("", words)).strip(" \t.*/#;!%|-")
    aside = _ASIDE.search(said)
    own = said[: aside.start()] if aside else said
    licence = written_licence(own)
    if (licence == own or not licence.startswith("LicenseRef-")) and not (aside and NAMES_ONE.search(aside.group())):
        return licence
    return UNREAD if NAMES_ONE.search(said) or any(map(_is_known, re.split(r"[\s,;/()|&]+", said))) else ""


def _is_known(words: str) -> bool:
    try:
        parse_licence(words)
    except DataError:
        return False
    return True


def _noticed(head: str) -> list[tuple[str, int]]:
    """Return the licences of all notices, comment marks and line ends left out, and the lines that they begin in."""
    lines = [number for number, line in enumerate(head.split("\n"), start=1) for _ in f"{line} "]
    plain, places = "", []
    for match in re.finditer(rf"{_MARKS.pattern}|.", head, re.DOTALL):
        plain += " " if _MARKS.fullmatch(match.group()) else match.group()
        places.append(lines[min(match.start(), len(lines) - 1)])
    found = [(match, name) for pattern, name in _NOTICES.items() for match in re.finditer(pattern, plain)]
    found.sort(key=lambda one: one[0].start())
    return list({name or _gnu(match): places[match.start()] for match, name in reversed(found)}.items())[::-1]


def _gnu(match: re.Match[str]) -> str:
    kind = {"Lesser General": "LGPL", "Library General": "LGPL", "Affero General": "AGPL"}.get(match["kind"], "GPL")
    number = match["number"] if "." in match["number"] else f"{match['number']}.0"
    return f"{kind}-{number}-{'or-later' if ' later' in match.group() else 'only'}"
