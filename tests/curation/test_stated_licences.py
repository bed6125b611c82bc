"""Licences as files of many languages state them, and words that are no statement."""

import pandas as pd
import pytest

from kosent_lab.curation.licence_evidence import is_licence_file, licences_of_files
from kosent_lab.curation.licence_metadata import declared_licence
from kosent_lab.curation.licences import UNREAD
from kosent_lab.curation.stated_licences import stated_licence

FREE = "GNU General Public License"
OSI = "License :: OSI Approved ::"


@pytest.mark.parametrize(
    "line",
    [
        "(* SPDX-License-Identifier: GPL-3.0-only *)",
        "dnl SPDX-License-Identifier: GPL-3.0-only",
        "REM SPDX-License-Identifier: GPL-3.0-only",
        ":: SPDX-License-Identifier: GPL-3.0-only",
        '"""SPDX-License-Identifier: GPL-3.0-only"""',
        "# Copyright 2024 Kim, SPDX-License-Identifier: GPL-3.0-only",
        "/**** SPDX-License-Identifier: GPL-3.0-only ****/",
        "{- SPDX-License-Identifier: GPL-3.0-only -}",
        "{# SPDX-License-Identifier: GPL-3.0-only #}",
        "{% comment %}\n  {%- SPDX-License-Identifier: GPL-3.0-only -%}",
        "            // SPDX-License-Identifier: GPL-3.0-only",
        "<!-- SPDX-License-Identifier: GPL-3.0-only --><html>",
        ";; SPDX-License-Identifier: GPL-3.0-only ;;",
    ],
)
def test_a_tag_is_read_in_the_comments_of_any_language(line):
    assert stated_licence(line + "\ncode\n")[0] == "GPL-3.0-only"


@pytest.mark.parametrize(
    "line",
    [
        'TAG = "SPDX-License-Identifier: MIT"',
        "grep 'SPDX-License-Identifier: MIT' file",
        "we put SPDX-License-Identifier: MIT into every file",
        "# see SPDX-License-Identifier: <licence>",
    ],
)
def test_what_speaks_of_a_tag_is_none(line):
    assert stated_licence(line) is None


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (f"under the terms of the {FREE} version 2 or later.", "GPL-2.0-or-later"),
        (f"under the terms of the {FREE}, version 2 or any later version", "GPL-2.0-or-later"),
        (f"under version 2 of the {FREE}", "GPL-2.0-only"),
        (f"under version 2 of the {FREE}, or (at your option) any later version", "GPL-2.0-or-later"),
        (f"Licensed under the {FREE} v3", "GPL-3.0-only"),
        (
            "Licensed under the Apache License, Version 2.0 (the License)\n# Portions are covered by the "
            f"{FREE} version 2.",
            "Apache-2.0 AND GPL-2.0-only",
        ),
        (
            f"SPDX-License-Identifier: MIT\n# distributed under the terms of the {FREE}, version 3",
            "MIT AND GPL-3.0-only",
        ),
        (
            f"SPDX-License-Identifier: LGPL-3.0-only\n# under the terms of the {FREE}, version 3",
            "LGPL-3.0-only AND GPL-3.0-only",
        ),
        (f"SPDX-License-Identifier: GPL-3.0-only\n# under the terms of the {FREE}, version 3", "GPL-3.0-only"),
    ],
)
def test_all_notices_of_a_file_hold(text, licence):
    assert stated_licence(f"# {text}\n")[0] == licence


@pytest.mark.parametrize("text", [f"We moved from the {FREE} version 2 to MIT.", f"Unlike the {FREE} version 3, this"])
def test_that_a_text_speaks_of_a_licence_is_no_notice(text):
    assert stated_licence(text) is None


@pytest.mark.parametrize("name", ["license.rs", "license.go", "licenses.ts", "license.svg", "LICENSE.class"])
def test_a_program_of_that_name_is_no_licence(name):
    assert not is_licence_file(name)


@pytest.mark.parametrize(
    "text",
    [
        "# SPDX-License-Identifier: GPL-3.0-only  # see COPYING\n",
        "x=1  # SPDX-License-Identifier: GPL-3.0-only\n",
        '{"$comment": "SPDX-License-Identifier: GPL-3.0-only"}\n',
        "# Author: J. Doe; SPDX-License-Identifier: AGPL-3.0-only\n",
        "// Licensed under the Elastic License 2.0; you may not use this file except …\n",
        "/* Server Side Public License, version 1 */\n",
        "<!-- Creative Commons Attribution-NonCommercial 4.0 -->\n",
        "# PROPRIETARY AND CONFIDENTIAL. Unauthorized copying is prohibited.\n",
        '/* Released under the GPL v2 */\nMODULE_LICENSE("GPL");\n',
    ],
)
def test_what_is_seen_and_not_read_inherits_nothing(text):
    frame = pd.DataFrame({"path": ["pyproject.toml", "a.py"], "text": ['[project]\nlicense = "MIT"\n', text]})
    found = licences_of_files(frame, said="MIT")["licence"].tolist()
    assert found[0] == "MIT"
    assert "MIT" not in found[1]


def test_a_module_says_its_licence_in_python():
    assert stated_licence('__license__ = "GPL-3.0-or-later"\n') == ("GPL-3.0-or-later", 1)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", '[project\nlicense = "GPL-3.0-only"\n'),
        ("package.json", '{"license": "GPL-3.0-only",'),
        ("REUSE.toml", '[[annotations]]\npath = "**\nSPDX-License-Identifier = "GPL-3.0-only"\n'),
    ],
)
def test_damaged_metadata_is_no_licence_that_is_known(path, text):
    frame = pd.DataFrame({"path": [path, "a.py"], "text": [text, "x = 1\n"]})
    assert licences_of_files(frame, said="MIT")["licence"].tolist()[1] == "LicenseRef-unread"


def test_a_licence_file_that_a_detector_does_not_know_is_unread():
    frame = pd.DataFrame({"path": ["sub/LICENSE", "sub/a.py"], "text": ["You may not use this.", "x = 1"]})
    found = licences_of_files(frame, said="MIT", detector=lambda text: [])["licence"]
    assert set(found) == {"LicenseRef-unread"}


@pytest.mark.parametrize(("words", "licence"), [("MIT License", "MIT"), ("Apache 2.0", "Apache-2.0"), ("mit", "MIT")])
def test_a_module_says_its_licence_as_people_write_it(words, licence):
    assert stated_licence(f'__license__ = "{words}"\n') == (licence, 1)


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("# License: GPL-3.0\n", "GPL-3.0-only"),
        ('"""A.\n\n:license: GPL-3.0, see LICENSE for more.\n"""\n', "GPL-3.0-only"),
        ("/*! @license MIT */\n", "MIT"),
        (" * License: Apache License 2.0\n", "Apache-2.0"),
        ("# License: some GPL of ours\n", "LicenseRef-unread"),
        ("# License: see LICENSE\n", None),
        ("# License: MIT (non-commercial use only)\n", UNREAD),
        ("# License: MIT, GPL-3.0-only\n", UNREAD),
        ("# License: MIT/GPL-3.0\n", UNREAD),
        ("# License: MIT License. You may not sell it.\n", UNREAD),
        ("# License: MIT, see also the GPL below\n", UNREAD),
        ("# License: MIT\n# License: GPL-3.0-only\n", "MIT AND GPL-3.0-only"),
        ("# License: MIT (see LICENSE), © 2026 Kim\n", "MIT"),
        ("/* License: MIT */ int gpl;\n", "MIT"),
        ("license: MIT  # of this file\n", "MIT"),
        ("# License: MIT (https://opensource.org/licenses/MIT)\n", "MIT"),
        ("# License: https://www.apache.org/licenses/LICENSE-2.0\n", "Apache-2.0"),
        ("# License: MIT OR Apache-2.0\n", "MIT OR Apache-2.0"),
        ("# License: LicenseRef-ours\n", "LicenseRef-ours"),
        ("license = MIT\n", None),
        ("gpl: int = 3\n", None),
        ("The license: it is a long story\n", None),
    ],
)
def test_a_field_of_its_own_names_a_licence(text, licence):
    found = stated_licence(text)
    assert (found and found[0]) == licence


@pytest.mark.parametrize(
    ("path", "text", "licence"),
    [
        (
            "PKG-INFO",
            f"License: MIT\nClassifier: {OSI} GNU General Public License v3 (GPLv3)\n",
            "MIT AND GPL-3.0-only",
        ),
        ("PKG-INFO", f"License: MIT\nClassifier: {OSI} MIT License\n", "MIT"),
        ("PKG-INFO", f"License: MIT\nClassifier: {OSI} BSD License\n", "MIT AND LicenseRef-BSD-License"),
        ("PKG-INFO", f"License: BSD-3-Clause\nClassifier: {OSI} BSD License\n", "BSD-3-Clause"),
        ("PKG-INFO", f"License-Expression: MIT\nClassifier: {OSI} ISC License (ISCL)\n", "MIT"),
        ("pyproject.toml", f'[project]\nlicense = "MIT"\nclassifiers = ["{OSI} ISC License (ISCL)"]\n', "MIT AND ISC"),
        ("pyproject.toml", '[project]\nlicense = "MIT"\n[tool.poetry]\nlicense = "ISC"\n', "MIT AND ISC"),
        ("setup.py", f"setup(license='MIT', classifiers=['{OSI} ISC License (ISCL)'])\n", "MIT AND ISC"),
        ("Cargo.toml", '[workspace.package]\nlicense = "MIT/Apache-2.0"\n', "MIT OR Apache-2.0"),
        ("a/Cargo.toml", "[package]\nlicense.workspace = true\n", UNREAD),
        ("Cargo.toml", '[package]\nlicense-file = "TERMS.txt"\n', UNREAD),
        ("pyproject.toml", '[project]\nlicense = {file = "TERMS.txt"}\n', UNREAD),
        ("package.json", '{"license": {"url": "https://example.org"}}', UNREAD),
        ("setup.py", 'meta = {"license": "GPL-3.0"}\nsetup(**meta)\n', UNREAD),
        ("a.podspec", 's.license = { :type => "GPL-3.0-only", :file => "L" }\n', "GPL-3.0-only"),
        ("a.cabal", "license:  BSD-3-Clause\n", "BSD-3-Clause"),
        ("mix.exs", 'licenses: ["Apache-2.0"],\n', "Apache-2.0"),
    ],
)
def test_metadata_declares_a_licence_or_lets_nobody_inherit_one(path, text, licence):
    assert declared_licence(path, text).licence == licence


def test_what_only_shows_a_tag_states_none():
    fenced = "# How\n\n```\n// SPDX-License-Identifier: MIT\n```\n"
    ignored = "# REUSE-IgnoreStart\n# SPDX-License-Identifier: MIT\n# REUSE-IgnoreEnd\n"
    frame = pd.DataFrame(
        {
            "path": ["CONTRIBUTING.md", "a.py", "b.py", "ko.py"],
            "text": [fenced, ignored, "x = 1\n", "# 이 파일은 GPL v3 라이선스로 배포됩니다.\n"],
        }
    )
    found = licences_of_files(frame, said="BSD-3-Clause")["licence"].tolist()
    assert found == ["BSD-3-Clause", "BSD-3-Clause", "BSD-3-Clause", UNREAD]
