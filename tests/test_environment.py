"""environment.yml, constraints.txt and pyproject.toml name the same versions; files of the project are in order."""

import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.conftest import ROOT

PINS = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line and line[0] != "#"
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


NAMED = {canonical(name): version for name, version in PINS.items()}


def test_every_requirement_is_pinned_within_its_range():
    for line in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]:
        requirement = Requirement(line)
        assert NAMED[canonical(requirement.name)] in requirement.specifier, line


def test_environment_yml_names_the_same_versions():
    content = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    assert content["channels"] == ["conda-forge"]
    *conda, last = content["dependencies"]
    assert list(last) == ["pip"]
    from rattler import MatchSpec

    specs = [MatchSpec(spec, strict=True) for spec in conda]
    assert {"python", "pip"} == {spec.name.normalized for spec in specs}
    assert last["pip"] == [f"torch=={NAMED['torch']}", "-c constraints.txt", "-e .[test]"]


def tracked():
    out = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True).stdout
    return [ROOT / name for name in out.decode().split("\0") if name]


def test_no_pickle_is_tracked_and_no_file_is_huge():
    for path in tracked():
        assert path.suffix not in {".pkl", ".pickle", ".bin", ".pt", ".pth", ".joblib"}, path
        assert path.stat().st_size < 32 * 2**20, path


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "LICENSE", "data/README.md", "Makefile"])
def test_a_reader_finds_what_they_expect(name):
    assert (ROOT / name).stat().st_size > 400


def test_the_python_versions_named_are_the_ones_allowed():
    allowed = SpecifierSet(PROJECT["requires-python"])
    named = [
        c.rpartition(" ")[2] for c in PROJECT["classifiers"] if c.startswith("Programming Language :: Python :: 3.")
    ]
    assert named == [f"3.{minor}" for minor in range(30) if f"3.{minor}" in allowed]
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in named


def test_jupyterlab_runs_as_root_only_where_that_is_asked_for():
    def told(*arguments):
        made = subprocess.run(
            ["make", "--dry-run", "--assume-old=setup", "-C", str(ROOT), "lab", *arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return [line for line in made.stdout.splitlines() if "jupyterlab" in line]

    (plain,), (asked,) = told(), told("ALLOW_ROOT=1")
    assert "--allow-root" not in plain
    assert "--allow-root" in asked
