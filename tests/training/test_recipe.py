"""Recipes: what stands in the file, and what is refused of it with its line."""

from pathlib import Path

import pytest

from kosent_lab.core.schema import DataError
from kosent_lab.training.recipe import Stage, read_recipe

KNOWN = {
    "pack": {"data", "teach"},
    "pretrain": {"minutes", "steps", "layers", "init", "looks"},
    "finetune": {"minutes", "steps", "init", "seed", "no-compile"},
    "average": {"runs"},
}
RECIPE = """
[pack]
data = ["nsmc"]

[[stages]]
name = "pair"
run = "pretrain"
minutes = 30
layers = 3

[[stages]]
name = "first"
run = "finetune"
init = "pair"
minutes = 10
no-compile = true

[[stages]]
name = "mean"
run = "average"
runs = ["first", "pair"]
"""


@pytest.fixture
def written(tmp_path):
    def write(old="", new=""):
        path = tmp_path / "recipe.toml"
        path.write_text(RECIPE.replace(old, new, 1), "utf-8")
        return path

    return write


def test_stages_become_commands(written):
    to_pack, stages = read_recipe(written(), known=KNOWN)
    assert to_pack == {"data": ["nsmc"]}
    out, names = Path("runs"), ["pair", "first"]
    assert stages[0].words(out, []) == ["pretrain", "--layers", "3", "--minutes", "30"]
    first = ["finetune", "--init", str(out / "pair"), "--no-compile", "--minutes", "10"]
    assert stages[1].words(out, names) == first
    assert stages[2] == Stage("mean", "average", None, {"runs": ["first", "pair"]})
    assert stages[2].words(out, names) == ["average", "--runs", str(out / "first"), str(out / "pair")]


def test_minutes_are_shared_out_in_the_proportions_of_the_file(written):
    _, stages = read_recipe(written(), known=KNOWN, minutes=4)
    assert [stage.minutes for stage in stages] == [3.0, 1.0, None]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('run = "pretrain"', 'run = "pretrian"', "line 7: 'pretrian' is no stage. Did you mean 'pretrain'?"),
        ("layers = 3", "layer = 3", "line 9: 'layer' is no option of pretrain. Did you mean 'layers'?"),
        ('data = ["nsmc"]', 'dta = ["nsmc"]', "line 3: 'dta' is no option of pack. Did you mean 'data'?"),
        ('init = "pair"', 'init = "pear"', "line 14: 'pear' is no stage before it. Did you mean 'pair'?"),
        ('"first", "pair"]', '"first", "deep"]', "line 21: 'deep' is no stage before it."),
        ('name = "first"', 'name = "pair"', "line 12: stage 2 needs a name of its own; got 'pair'"),
        ('name = "first"', "", "stage 2 needs a name of its own; got ''"),
        ("minutes = 10", "minutes = 0", "line 15: stage first needs minutes above 0"),
        ("minutes = 10", "", "stage first needs minutes above 0"),
        ("[pack]", "[packed]", "a recipe has one table pack and a list of stages; got ['packed', 'stages']"),
        ("[pack]", "[pack", "cannot be read"),
    ],
)
def test_what_cannot_be_run_is_told_with_its_line(written, old, new, words):
    with pytest.raises(DataError) as caught:
        read_recipe(written(old, new), known=KNOWN)
    assert words in str(caught.value)


def test_steps_may_stand_for_minutes(written):
    _, stages = read_recipe(written("minutes = 10", "steps = 5"), known=KNOWN, minutes=3)
    assert (stages[0].minutes, stages[1].minutes) == (3.0, None)


def test_too_few_minutes_are_told_with_what_is_needed(written):
    with pytest.raises(
        DataError, match=r"0.2 minutes are too few for 3 stages: first would have 3 s. Give at least 0.4"
    ):
        read_recipe(written(), known=KNOWN, minutes=0.2)
