import json

import pandas as pd
import pytest

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.curation.licence_evidence import is_licence_file, licences_of_files, scancode_detector
from kosent_lab.curation.licence_metadata import declared_licence
from kosent_lab.curation.licences import written_licence


def files(**texts):
    return pd.DataFrame({"path": list(texts), "text": list(texts.values())})


def by_path(frame, **options):
    found = licences_of_files(frame, **options)
    return dict(zip(frame["path"], zip(found["licence"], found["licence_from"], strict=True), strict=True))


@pytest.mark.parametrize(
    ("words", "licence"),
    [
        ("MIT License", "MIT"),
        ("The MIT License (MIT)", "MIT"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Apache Software License", "Apache-2.0"),
        ("GNU General Public License v3 (GPLv3)", "GPL-3.0-only"),
        ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
        ("GPLv3", "GPL-3.0-only"),
        ("New BSD License", "BSD-3-Clause"),
        ("BSD", "LicenseRef-BSD"),
        ("mit and apache-2.0", "MIT AND Apache-2.0"),
        ("우리 것", "LicenseRef-unreadable"),
    ],
)
def test_licences_as_metadata_writes_them(words, licence):
    assert written_licence(words) == licence


@pytest.mark.parametrize(
    ("path", "text", "licence", "line"),
    [
        ("PKG-INFO", "Name: a\nLicense: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\n", "MIT", 3),
        ("METADATA", "Name: a\nLicense-Expression: MIT OR Apache-2.0\nLicense: MIT\n", "MIT OR Apache-2.0", 2),
        ("PKG-INFO", "Name: a\n\nLicense: MIT\n", None, None),  # prose below the head
        ("a/pyproject.toml", '[project]\nname = "a"\nlicense = {text = "ISC"}\n', "ISC", 3),
        ("pyproject.toml", '[tool.poetry]\nlicense = "MIT"\n', "MIT", 2),
        ("Cargo.toml", '[package]\nlicense = "MIT OR Apache-2.0"\n', "MIT OR Apache-2.0", 2),
        ("Cargo.toml", "[package", "LicenseRef-unread", 1),  # may say anything
        ("package.json", '{"license": "BSD-2-Clause"}', "BSD-2-Clause", 1),
        ("package.json", "[" * 100_000, "LicenseRef-unread", 1),
        ("setup.py", "setup(\n    license='GPL v3+',\n)", "GPL-3.0-or-later", 2),
        ("setup.py", "setup(license='BSD 3-Clause \"New\" or \"Revised\" License')", "BSD-3-Clause", 1),
        ("setup.py", 'x\nsetup(license="BSD 3-Clause \\"New\\" or \\"Revised\\" License")', "BSD-3-Clause", 2),
        ("setup.py", "gpl = 'MIT'\n", None, None),
        ("other.py", "license = 'MIT'\n", None, None),
    ],
)  # fmt: skip
def test_what_metadata_declares(path, text, licence, line):
    found = declared_licence(path, text)
    assert (found and (found.licence, found.first)) == (licence and (licence, line))


def test_a_file_has_its_own_licence_or_that_of_the_nearest_folder():
    frame = files(
        **{
            "setup.py": "setup(license='MIT')\n license='MIT'",
            "a.py": "x = 1",
            "b.py": "#!/bin/sh\n# SPDX-License-Identifier: GPL-3.0-only",
            "vendor/Cargo.toml": '[package]\nlicense = "ISC"',
            "vendor/deep/c.rs": "",
        }
    )
    found = by_path(frame, said="LicenseRef-unstated")
    assert found["a.py"] == ("MIT", "setup.py line 1")
    assert found["b.py"] == ("GPL-3.0-only", "b.py line 2")
    assert found["vendor/deep/c.rs"] == ("ISC", "vendor/Cargo.toml line 2")
    assert by_path(files(**{"a.py": ""}), said="CC0-1.0") == {"a.py": ("CC0-1.0", "")}


def test_files_of_one_folder_that_disagree_hold_together():
    def detect(text):
        return [(text, 1, 9, 87.5)] if text and "License:" not in text else []

    frame = files(**{"LICENSE-MIT": "MIT", "LICENSE-APACHE": "Apache-2.0 OR ISC", "PKG-INFO": "License: MIT", "a": ""})
    licence, by = by_path(frame, said="", detector=detect)["a"]
    assert licence == "MIT AND (Apache-2.0 OR ISC)"
    assert by == "PKG-INFO line 1; LICENSE-APACHE lines 1-9 (87.5 %)"


def test_which_files_are_licences():
    names = ["LICENSE", "LICENCE.txt", "COPYING.LESSER", "license-mit", "UNLICENSE", "license.py", "licensing.md", "a"]
    assert [is_licence_file(name) for name in names] == [True] * 5 + [False] * 3


def test_scancode_recognises_texts_and_no_variable():
    try:
        detect = scancode_detector()
    except NotAvailableError as error:
        pytest.skip(str(error))
    assert [one[0] for one in detect('# Licensed under the Apache License, Version 2.0 (the "License");')] == [
        "Apache-2.0"
    ]
    assert not list(detect("gpl = 'MIT'  # not a licence\nif gpl: import mit"))
    assert [one[0] for one in detect(json.dumps({"license": "MIT"}))] == ["MIT"]


def test_beside_a_licence_file_that_nobody_read_nothing_is_known():
    frame = files(**{"PKG-INFO": "License: MIT", "LICENSE": "…", "a.py": "", "vendor/COPYING": "…", "vendor/b.c": ""})
    found = by_path(frame, said="")
    assert found["a.py"] == ("MIT", "PKG-INFO line 1")
    assert found["vendor/b.c"] == ("LicenseRef-unread", "vendor/COPYING line 1")


def test_with_a_detector_a_file_may_state_its_own_licence_in_any_words():
    def detect(text):
        return [("Zlib", 2, 3, 99.0)] if "zlib" in text else []

    found = by_path(files(**{"PKG-INFO": "License: MIT", "a.c": "/*\n zlib\n*/", "b.c": ""}), said="", detector=detect)
    assert found["a.c"] == ("Zlib", "a.c lines 2-3 (99 %)")
    assert found["b.c"][0] == "MIT"


def test_licences_as_reuse_writes_them():
    frame = files(
        **{
            "both.py": "# SPDX-License-Identifier: MIT\n# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only\n",
            "picture.svg": "<svg/>",
            "picture.svg.license": "SPDX-FileCopyrightText: a\n\nSPDX-License-Identifier: CC-BY-4.0\n",
            "LICENSES/MIT.txt": "Permission is hereby granted",
        }
    )
    found = by_path(frame, said="LicenseRef-unstated")
    assert found["both.py"] == ("MIT AND (Apache-2.0 OR GPL-2.0-only)", "both.py line 1")
    assert found["picture.svg"] == ("CC-BY-4.0", "picture.svg.license line 3")


@pytest.mark.parametrize("name", ["MIT-LICENSE.txt", "GPL-LICENSE", "LICENSE.Apache-2.0", "COPYING.LESSER"])
def test_a_licence_file_by_any_of_its_usual_names_is_one(name):
    assert is_licence_file(name)


@pytest.mark.parametrize("name", ["licenses.py", "test_license.js", "about our licence.md"])
def test_what_is_about_licences_is_none(name):
    assert not is_licence_file(name)


def test_several_licences_of_metadata_are_not_one_of_them():
    classifiers = "Classifier: License :: OSI Approved :: MIT License\n"
    classifiers += "Classifier: License :: OSI Approved :: Apache Software License\n"
    found = declared_licence("PKG-INFO", "Name: a\n" + classifiers)
    assert (found.licence, found.first) == ("MIT AND Apache-2.0", 2)
    packages = {"licenses": [{"type": "MIT", "url": "x"}, {"type": "GPL-2.0-only"}]}
    assert declared_licence("package.json", json.dumps(packages)).licence == "MIT OR GPL-2.0-only"


@pytest.mark.parametrize(
    ("path", "text", "licence"),
    [
        ("PKG-INFO", "Metadata-Version: 2.1\r\nName: p\r\n\r\nHow to declare:\r\nLicense: MIT\r\n", None),
        ("PKG-INFO", "Name: p\r\nLicense: MIT\r\n\r\nprose", "MIT"),
        ("pyproject.toml", '[project]\nlicense = "MIT OR LicenseRef-mine"\n', "MIT OR LicenseRef-mine"),
        ("composer.json", '{"license": ["GPL-3.0-only", "MIT"]}', "GPL-3.0-only OR MIT"),
        ("pom.xml", "<licenses><license><name>GPL</name></license></licenses>", "LicenseRef-unread"),
        ("pom.xml", "<project></project>", None),
        ("a.csproj", "<PackageLicenseExpression>Apache-2.0</PackageLicenseExpression>", "Apache-2.0"),
        ("a.gemspec", "s.license = 'GPL-3.0-only'", "GPL-3.0-only"),
        ("a.gemspec", "s.licenses = LICENSES", "LicenseRef-unread"),
        ("setup.py", "L = 'GPL-3.0'\nsetup(license=L)", "LicenseRef-unread"),
        ("setup.py", "setup(license=None, license_files=x)", None),
    ],
)
def test_what_metadata_declares_in_other_ways_is_read_or_said_to_be_unread(path, text, licence):
    found = declared_licence(path, text)
    assert (found and found.licence) == licence


@pytest.mark.parametrize("name", ["COPYRIGHT", "gpl-3.0.txt", "LGPL.md"])
def test_a_folder_that_holds_such_a_file_inherits_nothing(name):
    frame = files(**{"pyproject.toml": '[project]\nlicense = "MIT"\n', f"sub/{name}": "words", "sub/a.py": "1"})
    assert by_path(frame, said="MIT")["sub/a.py"][0] == "LicenseRef-unread"


@pytest.mark.parametrize(
    ("path", "text", "licence"),
    [
        ("pyproject.toml", f'[project]\nlicense = {{text = "{"research only, " * 9}"}}', "LicenseRef-unread"),
        ("PKG-INFO", f"Name: a\nLicense: {'this and that ' * 20}\n", "LicenseRef-unread"),
        ("setup.py", f'setup(license="{"GNU General Public License or later " * 5}")', "LicenseRef-unread"),
        ("setup.py", 'setup(license="""MIT\nor so""")', "LicenseRef-unread"),
        ("setup.py", 'setup(license="")', None),
        ("setup.cfg", "[metadata]\nlicense =\n    GPL\n", "LicenseRef-unread"),
        ("README.md", "---\nlanguage: ko\nlicense: cc-by-nc-4.0\n---\n# Data", "CC-BY-NC-4.0"),
        ("README.md", "---\nlicense:\n- mit\n- apache-2.0\n---\n", "MIT AND Apache-2.0"),
        ("README.md", "---\nlicense: other\n---\n", "LicenseRef-unread"),
        ("README.md", "# A\nlicense: mit\n", None),
    ],
)
def test_what_is_said_in_many_words_or_on_a_hub_is_declared(path, text, licence):
    found = declared_licence(path, text)
    assert (found.licence if found else None) == licence


def test_the_metadata_of_a_wheel_speaks_of_the_wheel():
    files = {"foo-1.0.dist-info/METADATA": "License-Expression: GPL-3.0-only\n", "foo/__init__.py": "a = 1\n"}
    frame = pd.DataFrame({"path": [f"w.whl/{path}" for path in files], "text": list(files.values())})
    assert licences_of_files(frame, said="MIT")["licence"].tolist() == ["GPL-3.0-only"] * 2
