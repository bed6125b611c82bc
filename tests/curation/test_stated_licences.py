"""Licences as files of many languages state them, and words that are no statement."""

import pytest

from kosent_lab.curation.licence_evidence import is_licence_file
from kosent_lab.curation.licences import stated_licence

FREE = "GNU General Public License"


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
