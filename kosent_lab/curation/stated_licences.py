"""Where a file states its own licence: in a tag, a notice, or a field of its own, and where it names one unread.

Only what is declared is looked at: a word that merely looks like a licence (a variable named ``gpl``) is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kosent_lab.core.exceptions import DataError
from kosent_lab.curation.licences import UNREAD, join_licences, licence_names, parse_licence, written_licence

# the tag that REUSE asks for, alone on its line but for the marks of a comment, or behind whose the file is
_TAG = re.compile(
    r"^(?:[^\w\n]{0,80}|[ \t]{0,40}(?:dnl|(?i:@?rem)|::)[ \t]+|[^\w\n]{1,40}(?:SPDX-File)?Copyright[^\n]{1,120}?)"
    r"(?i:SPDX-License-Identifier):[ \t]*([A-Za-z0-9(][^\n\r*<\"'{}#\\]{1,199}?)[ \t]*"
    r"(?:\*+[/)]|-->[^\n]*|-?[-#%]\}|\"{3}|'{3}|\]\])?[ \t\r*#/;-]*$",
    re.MULTILINE,
)
_HEAD = 5_000  # characters of a file in which a notice may stand; a tag may stand anywhere
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
_LONGEST_LINE = 2_000  # characters of what may be a tag
_IDENTIFIER = re.compile("(?i)SPDX-License-Identifier:")
# a licence that is named where a file states its own, in words that are not read: such a file inherits none
_SEEN = re.compile(
    r"(?:(?:#|//|/\*|<!--|--|;)[^\n\"'`]{0,80}|\"\$comment\": ?\")"
    r"SPDX-License-Identifier:[ \t]*(?P<tag>[A-Za-z0-9][\w.+-]{1,60})"
    r"|(?i:(?:licen[cs]ed|released|distributed|available|covered|published) under|governed by) (?:the |an? )?"
    r"(?:terms of (?:the )?)?"
    r"[^.\n]{0,40}?(?:\b[AL]?GPL|\bEPL\b|\bEUPL|\bCDDL|\bMPL|\bCC[ -]BY|Elastic|Server Side Public|Eclipse Public"
    r"|Mozilla Public|Common Development|Creative Commons|Business Source|General Public)"
    r"|without an express license agreement|(?i:(?:for|to) (?:non-?commercial|research) (?:use|purposes?) only)"
    r"|(?i:\bresearch purposes only)|비상업적? (?:용도|목적)[^.\n]{0,20}(?:만|한하여|한정)"
    r"|상업적 (?:이용|사용)[^.\n]{0,6}금지"
    r"|(?m:^[\s*#/;!%<\"'-]*(?:PROPRIETARY|Proprietary and confidential|Server Side Public License, version"
    r"|Creative Commons (?:Attribution|Legal Code)|Elastic License))"
    r"|(?:라이[선센]스|이용 ?허락)(?:로|에 따라|하에|으로)[^.\n]{0,20}(?:배포|공개|제공)|무단 ?(?:전재|복제|배포)"
    r"|reserved\.? Confidential|Unauthorized (?:copying|use)[^.\n]{0,80}prohibited|MODULE_LICENSE\([\"'](?!MIT|Dual)"
)
# a field of its own: # License: GPL-3.0, :license: MIT, @license Apache-2.0
_FIELD = re.compile(
    r"(?im)^[ \t]*(?:#+|//+|/?\*+!?|<!--|--|;+|%+|\"{3}|'{3})?[ \t]*"
    r"(?:[:@]licen[cs]e:?|licen[cs]e[ \t]?:|라이[선센]스[ \t]?:)[ \t]+"
    r"(?P<words>[A-Za-z][^\n]{0,200})$"
)
_CLOSED = re.compile(r"(?:\*+/|-->|\"{3}|'{3}|\s#).*$")  # where a comment ends, or another begins
_ADDRESS = re.compile(r"(?<=.)[\s(<\[]+https?://[^\s)>\]]+[)>\]]?")
_ASIDE = re.compile(r"(?i)[\s,;.:(\[-]+(?:see|copyright|\(c\)|©|for (?:more )?details|refer)(?![a-z]).*$")
_DUNDER = re.compile(r"(?m)^__licen[cs]e__ *= *[\"']([^\"'\n]{2,80})[\"']")
NAMES_ONE = re.compile(r"(?i)GPL|\bBSD|\bEPL|\bCDDL|\bMPL|\bCC\b|Creative Commons|proprietary|\bBUSL|\bSSPL")
_MARKS = re.compile(r"[\s*#/;!%|-]+")


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
    whole = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    head = whole[:_HEAD]
    # of several all hold, as REUSE has it; a notice that says otherwise than the tag holds too
    tags = list(_tags(whole))
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


def _tags(text: str) -> Iterator[tuple[str, int]]:
    """Yield the licence of each line that is a tag, and its number; each line is looked at once."""
    number, last = 1, 0
    for place in _IDENTIFIER.finditer(text):
        start = text.rfind("\n", last, place.start()) + 1
        if start < last or (start == 0 and last > 0):  # the same line again
            continue
        number += text.count("\n", last, start)
        end = text.find("\n", place.end())
        last = len(text) if end < 0 else end
        if tag := _TAG.match(text[start : min(last, start + _LONGEST_LINE)]):
            yield tag.group(1), number


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
