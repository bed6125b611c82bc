"""A clone starts where it lands: bundled files are byte for byte the same under any line ends."""

import hashlib
import json
import subprocess
import tomllib

import pytest

from tests.conftest import ROOT


def git(*arguments):
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone as a default Git for Windows makes it."""
    folder = tmp_path_factory.mktemp("clone") / "kosent-lab"
    made = git("clone", "--quiet", "-c", "core.autocrlf=true", "-c", "core.eol=crlf", str(ROOT), str(folder))
    if made.returncode:
        pytest.skip(f"this checkout cannot be cloned: {made.stderr[-200:]}")
    return folder


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_no_line_end_changes_a_bundled_file(clone):
    checked = 0
    for checksums in sorted(clone.glob("data/models/*/checksums.json")):
        for name, digest in json.loads(checksums.read_text("utf-8")).items():
            assert sha256(checksums.parent / name) == digest, f"{checksums.parent.name}/{name}"
            checked += 1
    for card in sorted(clone.glob("data/cards/*.toml")):
        for file in tomllib.loads(card.read_text("utf-8"))["files"]:
            if (clone / "data" / file["path"]).exists():  # what the clone carries
                assert sha256(clone / "data" / file["path"]) == file["sha256"], file["path"]
                checked += 1
    assert checked > 15
    assert git("-C", str(clone), "status", "--porcelain").stdout == ""


def test_every_text_keeps_the_line_ends_it_was_written_with(clone):
    kept = git("-C", str(clone), "ls-files", "--eol").stdout.splitlines()
    assert kept
    changed = [line for line in kept if line.split()[0].removeprefix("i/") != line.split()[1].removeprefix("w/")]
    assert changed == []
