import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.curation.licences import is_allowed, parse_licence, spdx
from kosent_lab.curation.stated_licences import stated_licence

PERMISSIVE = frozenset({"MIT", "Apache-2.0", "BSD-3-Clause", "CC0-1.0"})


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("mit", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("(GPL-3.0-only OR MIT) AND (Apache-2.0 OR LGPL-2.1-only)", True),
        ("(GPL-3.0-only OR MIT) AND LGPL-2.1-only", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("LicenseRef-unstated", False),
        ("MIT AND LicenseRef-mine", False),
        ("MIT OR LicenseRef-mine", True),
        ("LicenseRef-MIT", False),
    ],
)
def test_dual_and_compound_licences(expression, allowed):
    assert is_allowed(expression, PERMISSIVE) is allowed


@pytest.mark.parametrize("behind", ["GPL-3.0-only", "CC-BY-NC-4.0", "MIT"])
def test_a_licence_is_no_exception(behind):
    assert not is_allowed(f"MIT WITH {behind}", frozenset({"MIT"}))


def test_a_licence_on_no_list_is_allowed_where_it_is_named():
    assert is_allowed("LicenseRef-mine", frozenset({"LicenseRef-mine"}))
    assert is_allowed(
        "MIT AND LicenseRef-mine AND LicenseRef-mine2", PERMISSIVE | {"LicenseRef-mine", "LicenseRef-mine2"}
    )
    assert not is_allowed("MIT AND LicenseRef-mine2", PERMISSIVE | {"LicenseRef-mine"})
    named = "GPL-2.0-only WITH Classpath-exception-2.0"
    assert is_allowed(named, frozenset({named}))


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "per-row",
        "MIT License",
        "MIT AND",
        "AND",
        "MIT and or BSD",
        "a licence of ours",
        "(MIT",
        "MIT AND LicenseRef-a AND foo",
    ],
)
def test_what_is_no_expression_is_told(wrong):
    with pytest.raises(DataError, match="is no"):
        parse_licence(wrong)


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("# SPDX-License-Identifier: MIT\nimport a\n", ("MIT", 1)),
        ("#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0-only WITH a-b\n", ("GPL-2.0-only WITH a-b", 2)),
        ("/* SPDX-License-Identifier: Apache-2.0 */", ("Apache-2.0", 1)),
        ("<!-- SPDX-License-Identifier: CC0-1.0 -->", ("CC0-1.0", 1)),
        ("// SPDX-License-Identifier: MIT OR Apache-2.0\r\n", None),
        (
            "/* This Source Code Form is subject to the terms of the\n * Mozilla Public License v. 2.0. If a copy\n */",
            ("MPL-2.0", 1),
        ),
        ("x = 1\n# Licensed under the Apache License,\n# Version 2.0 (the", ("Apache-2.0", 2)),
        (
            "# it under the terms of the GNU Lesser General Public License as published by\n# the Free Software "
            "Foundation; either version 2.1 of the License, or\n# (at your option) any later version.",
            ("LGPL-2.1-or-later", 1),
        ),
        ("# GNU General Public License, version 3", ("GPL-3.0-only", 1)),
        ("# it speaks of the Mozilla Public License and of the GNU General Public License", None),
        ("license = 'MIT'\n", None),
        ("gpl = 3\n", None),
        ("say('SPDX-License-Identifier: MIT')\n", None),
        ("x = 1\n" * 2_000 + "# spdx-license-identifier: MIT\n", ("MIT", 2_001)),
        ("x = 1\n" * 2_000 + "# License: MIT\n", None),
        *((text, ("LicenseRef-unread", 1)) for text in (
            "# Licensed under CC BY-NC 4.0", "# This is licensed under the CC-BY-NC license found in the file",
            "# governed by a GPL license that can be found in the COPYING file", "# Licensed under the EUPL v1.2",
            "# use without an express license agreement is strictly prohibited", "# for research purposes only.",
            "# 비상업적 용도로만 쓸 수 있습니다", "# 상업적 이용을 금지합니다",
        )),
        ("# 라이선스: GPL-3.0-only\n", ("GPL-3.0-only", 1)),
    ],
)  # fmt: skip
def test_a_file_states_its_licence_in_a_tag_alone(text, stated):
    assert stated_licence(text.replace("\r", "")) == (stated or (("MIT OR Apache-2.0", 1) if "\r" in text else None))


@pytest.mark.parametrize(
    ("expression", "allow", "allowed"),
    [
        ("Apache-2.0+", {"Apache-2.0"}, True),
        ("MIT AND apache-2.0+", {"MIT"}, False),
        ("GPL-2.0+", {"GPL-2.0-or-later"}, True),
        ("DocumentRef-a:LicenseRef-b", {"DocumentRef-a:LicenseRef-b"}, True),
        ("DocumentRef-a:LicenseRef-b", {"LicenseRef-b"}, False),
        ("GPL-2.0-with-classpath-exception", {"GPL-2.0-only"}, True),
    ],
)
def test_valid_expressions_are_read(expression, allow, allowed):
    assert is_allowed(expression, frozenset(allow)) == allowed
    assert is_allowed(spdx(expression), frozenset(allow)) == allowed


def test_an_exception_alone_is_no_licence():
    with pytest.raises(DataError, match="Classpath-exception-2.0 is an exception, which stands behind WITH"):
        parse_licence("MIT OR Classpath-exception-2.0")
