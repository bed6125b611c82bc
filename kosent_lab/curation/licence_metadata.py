"""Which licence the metadata of packages declares: of Python, npm, PHP, Rust, R, Ruby, Maven, .NET, CocoaPods …; read,
never run. What is declared in a way that is not read is `licences.UNREAD`, so that nobody inherits past it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import NamedTuple

from kosent_lab.curation.licences import UNREAD, join_licences, licence_names, written_licence
from kosent_lab.curation.stated_licences import NAMES_ONE

_LONGEST = 100  # characters of what names a licence; more are its text


class Evidence(NamedTuple):
    """What says that something has a licence: SPDX expression, file, first and last line from 1, score to 100."""

    licence: str
    path: str
    first: int
    last: int
    score: float = 100.0

    def __str__(self) -> str:
        lines = f"line {self.first}" if self.first == self.last else f"lines {self.first}-{self.last}"
        return f"{self.path} {lines}" + (f" ({self.score:g} %)" if self.score < 100 else "")


def declared_licence(path: str, text: str) -> Evidence | None:
    """Return the licence that a package's metadata declares: PKG-INFO, METADATA, pyproject.toml, setup.cfg, setup.py
    (read, never run), package.json, composer.json, Cargo.toml, DESCRIPTION, of Ruby, Maven, .NET, CocoaPods, Cabal and
    Mix, and the head of a README.md as hubs of data sets have it; None where it declares none. What it declares in a
    way that is not read is `UNREAD`.

    Examples
    --------
    >>> declared_licence("a/PKG-INFO", "Name: a\\nLicense: GPL v3+\\n")
    Evidence(licence='GPL-3.0-or-later', path='a/PKG-INFO', first=2, last=2, score=100.0)
    """
    name, text = PurePosixPath(path).name, text.replace("\r\n", "\n")
    reader = _READERS.get(name) or _READERS.get("*" + PurePosixPath(name).suffix)
    words = reader(text) if reader else []
    if not words:
        return None
    # which of several classifiers holds, or whether all do, is not said: all; npm's and PHP's lists let one choose
    operator = "OR" if reader is _of_json else "AND"
    licence = UNREAD if words == [UNREAD] else join_licences(map(written_licence, words), operator)
    line = text.count("\n", 0, max(0, text.find(words[0]))) + 1
    return Evidence(licence, path, line, line)


def _of_metadata(text: str) -> list[str]:
    head = text.partition("\n\n")[0]
    classified = _of_classifiers("\n".join(re.findall(r"^Classifier:([^\n]{1,200})$", head, re.MULTILINE)))
    for field in ("License-Expression", "License"):
        found = re.search(rf"^{field}:([^\n]+)$", head, re.MULTILINE)
        words = found.group(1).strip() if found else ""
        if len(words) >= _LONGEST:  # a text of its own, which is not read
            return [UNREAD]
        if words and words.upper() != "UNKNOWN":
            # the expression is the last word on it (PEP 639); the older field is not
            return [words] if field == "License-Expression" else _with_others([words], classified)
    return classified


def _with_others(said: list[str], more: list[str]) -> list[str]:
    """Add what names another licence than is said, or another kind of one ("BSD License" is any of several): where a
    package contradicts itself, both hold.
    """
    names = {name for words in said for name in licence_names(written_licence(words))}
    together = " ".join(names).casefold()

    def is_other(words: str) -> bool:
        licence, kind = written_licence(words), NAMES_ONE.search(words)
        if licence.startswith("LicenseRef-"):
            return kind is not None and kind.group().casefold() not in together
        return not licence_names(licence) <= names

    return said + [words for words in more if is_other(words)]


def _of_toml(text: str) -> list[str]:
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return [UNREAD]  # what is damaged may say anything
    tool = content.get("tool")
    tables = [content.get("project"), content.get("package"), tool.get("poetry") if isinstance(tool, dict) else None]
    if isinstance(workspace := content.get("workspace"), dict):  # of Cargo
        tables.append(workspace.get("package"))
    projects = [table for table in tables if isinstance(table, dict)]
    unread, said = False, []
    for project in projects:
        licence = project.get("license")
        # by a file that may be called anything, or by the workspace's
        unread = unread or "license-file" in project or (isinstance(licence, dict) and "text" not in licence)
        licence = licence.get("text") if isinstance(licence, dict) else licence
        unread = unread or (isinstance(licence, str) and len(licence.strip()) >= _LONGEST)
        if isinstance(licence, str) and 0 < len(licence.strip()) < _LONGEST:
            # of Cargo once: MIT/Apache-2.0 lets one choose
            of_cargo = project is tables[1] or project is tables[-1] is not tables[2]
            said.append(licence.strip().replace("/", " OR ") if of_cargo else licence.strip())
    lines = [line for project in projects for line in project.get("classifiers") or [] if isinstance(line, str)]
    classified = _of_classifiers("\n".join(lines))
    if said:
        return _with_others(said[:1], [*said[1:], *classified])
    return classified or ([UNREAD] if unread else [])


def _of_classifiers(text: str) -> list[str]:
    """Return what Python's classifiers name, each on a line or in quotes of its own."""
    names = re.findall(r"License ::(?:[^\n\"']*::)? *([^\n\"':]+?)[ \t]*(?:$|[\"'])", text, re.MULTILINE)
    return [name for name in names if name != "OSI Approved"]


def _of_json(text: str) -> list[str]:
    try:
        content = json.loads(text)
        several = content.get("licenses") or []
        said = content.get("license") or several
        said = said if isinstance(said, list) else [said]
    except (ValueError, AttributeError, RecursionError):
        return [UNREAD]
    names = [one.get("type") if isinstance(one, dict) else one for one in said]
    return [name if isinstance(name, str) and name else UNREAD for name in names if name != ""]


def _of_setup(text: str) -> list[str]:
    # in a call of several lines or of one; bounded, so that a long line is looked at once
    call = (
        r"(?:^|[(,])[ \t]{0,40}license[ \t]{0,8}=[ \t]{0,8}"
        r"(?P<quote>[\"'])(?P<words>(?:\\.|(?!(?P=quote))[^\n\\]){2,80})(?P=quote)"
    )
    found = re.search(call, text, re.MULTILINE)
    found = found or re.search(
        r"^license[ \t]{0,8}=[ \t]{0,8}(?P<words>[A-Za-z0-9][^\"'\n,#()]{1,80})$", text, re.MULTILINE
    )
    if found:
        return _with_others([found["words"].strip()], _of_classifiers(text))
    # by a variable, a call, in a table that is handed over, in many words or on the next line
    named = re.search(
        r"(?:^|[(,\s])license[ \t]{0,8}=[ \t]{0,8}(?!None\b)(?:[A-Za-z_(]|([\"'])(?!\1)|\"{3}|'{3})"
        r"|[\"']license[\"']\s{0,8}:|^license[ \t]{0,8}=[ \t]{0,8}\n[ \t]+\S",
        text,
        re.MULTILINE,
    )
    return _of_classifiers(text) or ([UNREAD] if named else [])


def _of_gemspec(text: str) -> list[str]:
    found = re.search(r"\.licen[cs]es?[ \t]{0,8}=[ \t]{0,8}([^\n#]{1,200})", text)
    return (re.findall(r"[\"']([^\"'\n]{2,80})[\"']", found[1]) or [UNREAD]) if found else []


def _of_podspec(text: str) -> list[str]:
    found = re.search(r"\.license[ \t]{0,8}=[ \t]{0,8}([^\n#]{1,200})", text)
    if found is None:
        return []
    named = re.search(r"(?:^|(?::type[ \t]{0,8}=>|\btype:)[ \t]{0,8})[\"']([^\"'\n]{2,80})[\"']", found[1])
    return [named[1] if named else UNREAD]


def _of_field(text: str) -> list[str]:
    """Return the licence of a Haskell package."""
    found = re.search(r"(?mi)^license:[ \t]{0,40}([^\n]{1,200})$", text)
    return [found[1].strip()] if found else ([UNREAD] if re.search("(?mi)^license-file", text) else [])


def _of_mix(text: str) -> list[str]:
    """Return the licences of a package of Elixir."""
    found = re.search(r"\blicenses:[ \t]{0,8}\[([^\]\n]{1,200})\]", text)
    return (re.findall(r"[\"']([^\"'\n]{2,80})[\"']", found[1]) or [UNREAD]) if found else []


def _of_xml(text: str) -> list[str]:
    found = re.search(r"<(?:PackageLicenseExpression|license type=\"expression\")>([^<]{2,200})<", text)
    if found:
        return [found[1].strip()]
    return [UNREAD] if re.search(r"<(?:licenses?|PackageLicense\w+|licenseUrl)\b[^>]{0,80}>", text) else []


def _of_front_matter(text: str) -> list[str]:
    """Return the licence that a README says between its first lines of hyphens: a data set's or a model's on a hub."""
    if not text.startswith("---\n") or (end := text.find("\n---", 3)) < 0:
        return []
    found = re.search(r"(?m)^licen[cs]e:[ \t]*(?P<words>[^\n#]*)(?P<list>(?:\n[ \t]*-[ \t]+[^\n]+)*)", text[4:end])
    if found is None:
        return []
    words = [found["words"].strip(" \t[]\"'")]
    words += [line.strip().lstrip("-").strip(" \t\"'") for line in found["list"].splitlines()]
    named = [part.strip(" \"'") for word in words for part in word.split(",") if part.strip(" \"'")]
    return [UNREAD if word.casefold() in ("other", "unknown") else word for word in named]


_READERS: dict[str, Callable[[str], list[str]]] = {
    "PKG-INFO": _of_metadata,
    "METADATA": _of_metadata,
    "DESCRIPTION": _of_metadata,
    "pyproject.toml": _of_toml,
    "Cargo.toml": _of_toml,
    "package.json": _of_json,
    "composer.json": _of_json,
    "pom.xml": _of_xml,
    "*.csproj": _of_xml,
    "*.nuspec": _of_xml,
    "*.gemspec": _of_gemspec,
    "*.podspec": _of_podspec,
    "*.cabal": _of_field,
    "mix.exs": _of_mix,
    "setup.py": _of_setup,
    "setup.cfg": _of_setup,
    "README.md": _of_front_matter,
}
