"""Copyright notices are found in files, are those of the nearest folder, and survive steps that take files out."""

import pandas as pd
import pytest

from kosent_lab import curation
from kosent_lab.cli import parser
from kosent_lab.curation.copyright import copyright_notices, notices_of_files
from kosent_lab.curation.notices import write_notices

MIT = """MIT License

Copyright (c) {holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software. The above
copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.
"""
RECIPE = """name = "tools"
title = "Tools"
version = "1.0.0"
licence = "MIT"

[[sources]]
folder = "one"
licence = "MIT"
owner = "kim"
source = "one"

[[sources]]
folder = "two"
licence = "MIT"
source = "two"

[[steps]]
step = "duplicates"
threshold = 0.6
"""


def said_of(files):
    frame = pd.DataFrame({"path": list(files), "text": list(files.values())}, index=range(5, 5 + len(files)))
    found = notices_of_files(frame)
    assert found.index.equals(frame.index)
    return dict(zip(files, found, strict=True))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# Copyright (c) 2019 Jane Doe\n", ["Copyright (c) 2019 Jane Doe"]),
        ("/*\n * Copyright 2010-2014 Lee, Park\n * All rights reserved.\n */", ["Copyright 2010-2014 Lee, Park"]),
        ("// © 2020 홍길동 <gildong@mail.example>", ["© 2020 홍길동 <[메일주소]>"]),
        ("저작권 (c) 2021 한국어 모임", ["저작권 (c) 2021 한국어 모임"]),
        ("<!-- SPDX-FileCopyrightText: Kim -->", ["SPDX-FileCopyrightText: Kim"]),
        ('__copyright__ = "Copyright 2016, Choi"\n', ["Copyright 2016, Choi"]),
        ("(c) 2003 Yoon\n(c) 2003 Yoon\n", ["(c) 2003 Yoon"]),
        ("                    Copyright (c) 2019 Jane\n", ["Copyright (c) 2019 Jane"]),
        ('" *             Copyright 2019 Bob        *"', ["Copyright 2019 Bob"]),
        ("/*! Copyright (c) 2019 Jane */!function(e){" + 2_000 * "a", ["Copyright (c) 2019 Jane"]),
        (
            "# Copyright (C) 2001, 2002, 2003,\n#    2004 Free Software Foundation, Inc.\n",
            ["Copyright (C) 2001, 2002, 2003, 2004 Free Software Foundation, Inc."],
        ),
        ("# Copyright The Kubernetes Authors.", ["Copyright The Kubernetes Authors."]),
        ("# Copyright Jane Doe", ["Copyright Jane Doe"]),
        (
            "/*! jQuery v3.5.1 | (c) JS Foundation and other contributors | jquery.org/license */",
            ["(c) JS Foundation and other contributors"],
        ),
        ("Portions Copyright (c) 1996-2020, PostgreSQL Group", ["Copyright (c) 1996-2020, PostgreSQL Group"]),
        ("MIT License. Copyright (c) 2019 Jane", ["Copyright (c) 2019 Jane"]),
        ("<p>Copyright &copy; 2019 Jane</p>", ["Copyright &copy; 2019 Jane"]),
        ('<?xml version="1.0"?><!-- Copyright 2019 Jane -->', ["Copyright 2019 Jane"]),
        ("# 저작권 2019 홍길동", ["저작권 2019 홍길동"]),
        ("# 저작권자 (c) 2019 홍길동", ["저작권자 (c) 2019 홍길동"]),
        ("# 저작권: 홍길동", ["저작권: 홍길동"]),
        ("SPDX-SnippetCopyrightText: 2020 Jane", ["SPDX-SnippetCopyrightText: 2020 Jane"]),
        ("__copyright__    = '2019, Jane'", ["Copyright 2019, Jane"]),
        ("copyright = '2019, Jane'", ["Copyright 2019, Jane"]),
        ('"copyright": "Copyright 2019 Jane",', ["Copyright 2019 Jane"]),
        ("C     Copyright (C) 2019 Jane", ["Copyright (C) 2019 Jane"]),
        ("Copyright (c) 2019 Foo (Owner of Bar)", ["Copyright (c) 2019 Foo (Owner of Bar)"]),
        ("Copyright 2019 Jane (name changed)", ["Copyright 2019 Jane (name changed)"]),
        ("Copyright 2019 jane@mail.example, 010-0000-0000", ["Copyright 2019 [메일주소], [전화번호]"]),
        ("SPDX-FileCopyrightText: jane@mail.example", ["SPDX-FileCopyrightText: [메일주소]"]),
        ("Copyright (c) 2019 Jane\\nPermission is hereby granted", ["Copyright (c) 2019 Jane"]),
        ("{# Copyright 2019 Jane SPDX-License-Identifier: MIT #}", ["Copyright 2019 Jane"]),
        ("Copyright 2019 Jane\rMIT", ["Copyright 2019 Jane"]),
        (4_978 * "x" + "\nCopyright (c) 2019 Jane Doe\n", ["Copyright (c) 2019 Jane Doe"]),
        ("copyright and license lines were added in 2020 to each file", []),
        ("(c) 2020 data are held out", []),
        ("    '©', '®', '™',", []),
        (
            "copyright(2019)\nCopyright law changed in 2019 and later\ncopyright holders listed in AUTHORS since 2010",
            [],
        ),
        ("© is the copyright sign and ® another\ncopyright = re.compile(r'(c) (20)')", []),
        ("COPYRIGHT HOLDERS OR CONTRIBUTORS BE LIABLE FOR ANY\n저작권 침해 관련 문의는 받지 않습니다", []),
        ("Copyright (c) 2019 <copyright holders>\nCopyright (c) YEAR Jane\nCopyright (c) @YEAR@ @AUTHOR@", []),
        ("Copyright (c) XXXX\nCopyright (C) 2019 name of author\nCopyright (c) <dates>, <Copyright Holder>", []),
        (
            " Copyright (C) 1989, 1991 Free Software Foundation, Inc.,\n 51 Franklin Street, Fifth Floor, Boston\n"
            " Everyone is permitted to copy and distribute verbatim copies\n",
            [],
        ),
        ("   Copyright [yyyy] [name of copyright owner]", []),
        ("Copyright (C) <year>  <name of author>", []),
        ("The above copyright notice shall be included.\nCopyright holders are not liable.", []),
        ("(c) You must retain, in the Source form, all notices", []),
        ("print('see copyright 2019')", []),
        (
            "Copyright (C) 2007 Free Software Foundation, Inc.\n Everyone is permitted to copy and distribute verbatim",
            [],
        ),
    ],
)
def test_a_notice_is_a_line_that_says_whose_and_since_when(text, said):
    assert copyright_notices(text) == said


def test_a_file_has_its_own_notices_or_those_of_the_nearest_folder():
    files = {
        "LICENSE": MIT.format(holder="2019 Lee"),
        "a.py": "x = 1",
        "b.py": "# Copyright 2020 Park\n",
        "vendor/COPYING": MIT.format(holder="2001 Others"),
        "vendor/deep/c.c": "int c;",
        "docs/guide.md": "Copyright 1999 nobody asked\n",
        "docs/other.md": "text",
    }
    found = said_of(files)
    assert found["a.py"] == found["docs/other.md"] == "Copyright (c) 2019 Lee"
    assert found["b.py"] == "Copyright 2020 Park"
    assert found["vendor/deep/c.c"] == "Copyright (c) 2001 Others"


def test_of_licence_files_all_is_read_and_programs_are_none():
    files = {
        "LICENSE": 12_000 * "x " + "\n   Copyright 2019, Jane Doe\n",
        "src/notice.js": "// Copyright 2015 Bob\n",
        "src/a.js": "x",
        "src/odd.txt": "",  # of which no encoding fits
        "src/b.csv": "a,b",
        "src/b.csv.license": "SPDX-FileCopyrightText: 2020 Side\n",
    }
    found = said_of(files)
    assert found["src/a.js"] == "Copyright 2019, Jane Doe"
    assert found["src/odd.txt"] == ""
    assert found["src/b.csv"] == "SPDX-FileCopyrightText: 2020 Side"


REUSE = """version = 1

[[annotations]]
path = "data/**"
SPDX-FileCopyrightText = ["2024 Kim <kim@mail.example>", "2025 Lee"]
SPDX-License-Identifier = "CC0-1.0"

[[annotations]]
path = "old/*"
precedence = "override"
SPDX-FileCopyrightText = "2001 Choi"
SPDX-License-Identifier = "MIT"
"""
DEP5 = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: pictures/*
Copyright: 2019 Yoon
           2020 Park
License: MIT
"""


def test_what_a_repository_says_of_many_files_counts():
    files = {
        "REUSE.toml": REUSE,
        ".reuse/dep5": DEP5,
        "LICENSE": MIT.format(holder="1999 Han"),
        "data/a.csv": "a,b",
        "data/b.py": "# Copyright 2020 Park\n",
        "old/c.py": "# Copyright 2020 Park\n",
        "other.txt": "text",
    }
    found = said_of(files)
    assert found["data/a.csv"] == "2024 Kim <[메일주소]>\n2025 Lee"
    assert found["data/b.py"] == "Copyright 2020 Park"
    assert found["old/c.py"] == "2001 Choi"
    assert found["other.txt"] == "Copyright (c) 1999 Han"
    del files["REUSE.toml"]
    files["pictures/x.svg"] = "<svg/>"
    assert said_of(files)["pictures/x.svg"] == "2019 Yoon\n2020 Park"


def test_statements_without_a_licence_and_those_that_override_count():
    root = '[[annotations]]\npath = "**"\nprecedence = "override"\nSPDX-FileCopyrightText = "2020 Root"\n'
    files = {
        "REUSE.toml": root,
        "d/REUSE.toml": root.replace("Root", "Sub").replace("override", "closest"),
        "d/a.csv": "x",
    }
    assert said_of(files)["d/a.csv"] == "2020 Root"
    dep5 = "\r\n".join(
        ["Files: *", "copyright: 2020 Jane", "# a remark", "  2021 Bob", "", "Files: b*", "Copyright: Kim"]
    )
    files = {".reuse/dep5": dep5, "a.csv": "x", "b.csv": "x"}
    assert list(said_of(files).values())[1:] == ["2020 Jane\n2021 Bob", "Kim"]


@pytest.mark.timeout(20)
def test_no_statement_takes_long():
    dep5 = f"Files: {50 * '*a'}b\nCopyright: Kim\nLicense: MIT\n"
    reuse = f"[[annotations]]\npath = '**'\nSPDX-FileCopyrightText = '{30_000 * '*'}x'\n"
    files = {".reuse/dep5": dep5, "x/REUSE.toml": reuse, 300 * "a": "x", "x/b": "x", "c": "Copyright" + 50_000 * " *"}
    files["d"] = "\n".join(40 * (unit * 60 + "!") for unit in ("<!>", "<a>", "2019-20 ", "(c) "))
    assert said_of(files)[300 * "a"] == ""


def test_holders_stay_where_their_licence_file_was_a_near_copy_of_another(tmp_path, capsys):
    for name, holder in (("one", "2019 Kim"), ("two", "2020 Lee")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "LICENSE").write_text(MIT.format(holder=holder))
        (tmp_path / name / "tool.py").write_text(f"def {name}_tool(text):\n    return text.strip() + '{name}' * 7\n")
    (tmp_path / "recipe.toml").write_text(RECIPE)
    out = tmp_path / "out"
    snapshot = curation.build_corpus(curation.read_recipe(tmp_path / "recipe.toml"), out)
    assert len(list(snapshot.find(pattern="Permission is hereby"))) == 1  # one licence file of two is left
    table = curation.collect_notices(snapshot).set_index("source")["copyright"]
    assert "Copyright (c) 2020 Lee" in table["two"]
    assert parser.main(["corpus", "notices", str(out), "--out", str(tmp_path / "NOTICE.md")]) == 0
    written = (tmp_path / "NOTICE.md").read_text("utf-8")
    assert "Copyright (c) 2019 Kim" in written
    assert "Copyright (c) 2020 Lee" in written
    assert " by kim: 2 documents" in written  # LICENSE and tool.py
    assert "2 copyright notices" in capsys.readouterr().out
    assert parser.main(["corpus", "notices", str(out)]) == 0
    assert "Copyright (c) 2020 Lee" in capsys.readouterr().out
    assert parser.main(["corpus", "notices", str(out), "--out", str(out / "NOTICE.md")]) == 1


def test_a_corpus_of_texts_names_its_sources(tmp_path):
    (tmp_path / "mine.csv").write_text(
        "text,owner,licence\n좋은 곳이었습니다,*kim*,CC-BY-4.0\n다시는 안 갑니다,,CC0-1.0\n"
    )
    recipe = RECIPE.partition("[[sources]]")[0].replace('"MIT"', '"CC-BY-4.0 AND CC0-1.0"')
    (tmp_path / "recipe.toml").write_text(recipe + '[[sources]]\nfile = "mine.csv"\n')
    snapshot = curation.build_corpus(curation.read_recipe(tmp_path / "recipe.toml"), tmp_path / "out")
    table = curation.collect_notices(snapshot)
    assert table[["owner", "licence", "documents"]].to_numpy().tolist() == [
        ["", "CC0-1.0", 1],
        ["*kim*", "CC-BY-4.0", 1],
    ]
    assert write_notices(snapshot, tmp_path / "NOTICE.md") == 0
    assert r"- CC-BY-4.0 by \*kim\*: 1 document" in (tmp_path / "NOTICE.md").read_text("utf-8")
