"""Licences that a repository states for many files at once."""

import pandas as pd
import pytest

from kosent_lab.curation.licence_evidence import licences_of_files
from kosent_lab.curation.reuse import Annotations

TOML = """version = 1

[[annotations]]
path = "data/**"
SPDX-License-Identifier = "CC-BY-NC-4.0"

[[annotations]]
path = ["data/*.csv", 'odd\\*.txt']
precedence = "override"
SPDX-License-Identifier = ["CC0-1.0", "MIT"]

[[annotations]]
path = "src/*"
precedence = "aggregate"
SPDX-License-Identifier = "BSD-2-Clause"
"""
DEP5 = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: pictures/* *.svg
Copyright: 2024 Kim
License: CC-BY-4.0
 The text of it.
"""


def licences(files, said="MIT"):
    frame = pd.DataFrame({"path": list(files), "text": list(files.values())})
    found = licences_of_files(frame, said=said)
    return dict(zip(frame["path"], zip(found["licence"], found["licence_from"], strict=True), strict=True))


def test_reuse_toml_says_the_licence_of_files_below_it():
    tag = "# SPDX-License-Identifier: MIT\n"
    files = {"data/a.txt": "", "data/b.txt": tag, "data/c.csv": tag, "data/d/e.csv": "", "src/f.py": tag, "g.py": ""}
    found = licences({"REUSE.toml": TOML, **files}, said="ISC")
    assert found["data/a.txt"] == ("CC-BY-NC-4.0", "REUSE.toml line 4")
    assert found["data/b.txt"][0] == "MIT"  # closest: what the file says itself
    assert found["data/c.csv"][0] == "CC0-1.0 AND MIT"  # override
    assert found["data/d/e.csv"][0] == "CC-BY-NC-4.0"
    assert found["src/f.py"][0] == "MIT AND BSD-2-Clause"  # aggregate
    assert found["g.py"][0] == "ISC"


def test_dep5_says_it_too_and_its_stars_go_over_folders():
    found = licences({".reuse/dep5": DEP5, "pictures/a/b.png": "", "x/y.svg": "", "z.py": ""})
    assert found["pictures/a/b.png"] == ("CC-BY-4.0", ".reuse/dep5 line 3")
    assert found["x/y.svg"][0] == "CC-BY-4.0"
    assert found["z.py"][0] == "MIT"


@pytest.mark.parametrize("text", ["", "annotations = 3", "[[annotations]]\npath = 1\n"])
def test_an_empty_statement_says_nothing(text):
    assert Annotations({"REUSE.toml": text}).of("a.py", "licence") == []


@pytest.mark.parametrize("text", ["[[annotations", "= \0"])
def test_a_damaged_statement_may_say_anything(text):
    assert [one.licence for one in Annotations({"REUSE.toml": text}).of("a/b.py", "licence")] == ["LicenseRef-unread"]


def test_the_nearest_folder_has_the_word():
    near = '[[annotations]]\npath = "**"\nSPDX-License-Identifier = "CC0-1.0"\n'
    found = Annotations({"REUSE.toml": TOML, "data/deep/REUSE.toml": near})
    assert [one.licence for one in found.of("data/deep/x/y.csv", "licence")] == ["CC0-1.0"]
    assert [one.licence for one in found.of("data/x.txt", "licence")] == ["CC-BY-NC-4.0"]


def test_what_a_nearer_folder_does_not_say_a_folder_above_does():
    root = '[[annotations]]\npath = "**"\nSPDX-License-Identifier = "GPL-3.0-only"\n'
    holder = '[[annotations]]\npath = "**"\nSPDX-FileCopyrightText = "2026 Kim"\n'
    found = licences({"REUSE.toml": root, "sub/REUSE.toml": holder, "sub/a.py": ""})
    assert found["sub/a.py"] == ("GPL-3.0-only", "REUSE.toml line 2")
    added = root.replace("path", 'precedence = "aggregate"\npath')
    closest = '[[annotations]]\npath = "**"\nSPDX-License-Identifier = "MIT"\n'
    assert licences({"REUSE.toml": added, "sub/REUSE.toml": closest, "sub/a.py": ""})["sub/a.py"][0] == (
        "MIT AND GPL-3.0-only"
    )
    over = root.replace("path", 'precedence = "override"\npath')
    assert licences({"REUSE.toml": over, "sub/REUSE.toml": closest, "sub/a.py": ""})["sub/a.py"][0] == "GPL-3.0-only"
