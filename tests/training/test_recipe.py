"""Recipes: what stands in the file, and what is refused of it with its line."""

from pathlib import Path

import pytest

from kosent_lab.core.exceptions import DataError
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
    to_pack, stages = read_recipe(written(), device="cpu", known=KNOWN)
    assert to_pack == {"data": ["nsmc"]}
    out, names = Path("runs"), ["pair", "first"]
    assert stages[0].words(out, [], device="cpu") == ["pretrain", "--layers", "3", "--minutes", "30"]
    first = ["finetune", "--init", str(out / "pair"), "--no-compile", "--minutes", "10"]
    assert stages[1].words(out, names, device="cpu") == first
    assert stages[2] == Stage("mean", "average", None, {"runs": ["first", "pair"]})
    assert stages[2].words(out, names, device="cpu") == ["average", "--runs", str(out / "first"), str(out / "pair")]


def test_minutes_are_shared_out_in_the_proportions_of_the_file(written):
    _, stages = read_recipe(written(), device="cpu", known=KNOWN, minutes=4)
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
        read_recipe(written(old, new), device="cpu", known=KNOWN)
    assert words in str(caught.value)


def test_steps_may_stand_for_minutes(written):
    _, stages = read_recipe(written("minutes = 10", "steps = 5"), device="cpu", known=KNOWN, minutes=3)
    assert (stages[0].minutes, stages[1].minutes) == (3.0, None)


def test_epochs_beside_minutes_rule_until_minutes_are_shared_out(written):
    both = written("minutes = 10", "minutes = 10\nepochs = 2")
    _, as_it_is = read_recipe(both, device="cpu", known=KNOWN | {"finetune": [*KNOWN["finetune"], "epochs"]})
    _, shared = read_recipe(both, device="cpu", known=KNOWN | {"finetune": [*KNOWN["finetune"], "epochs"]}, minutes=4)
    assert (as_it_is[1].minutes, as_it_is[1].options["epochs"]) == (None, 2)
    assert (shared[1].minutes, "epochs" in shared[1].options) == (1.0, False)


def test_a_stage_for_another_device_is_left_out_and_takes_no_minutes(written):
    both = written("minutes = 10", 'minutes = 10\nonly = "cuda"')
    recipe = both.read_text("utf-8").replace('runs = ["first", "pair"]', 'runs = {cuda = ["first"], cpu = ["pair"]}')
    both.write_text(recipe, "utf-8")
    _, cpu = read_recipe(both, device="cpu", known=KNOWN, minutes=4)
    _, cuda = read_recipe(both, device="cuda", known=KNOWN, minutes=4)
    assert [(stage.name, stage.minutes) for stage in cpu] == [("pair", 4.0), ("mean", None)]
    assert [stage.minutes for stage in cuda] == [3.0, 1.0, None]
    assert cpu[1].words(Path("runs"), ["pair"], device="cpu") == ["average", "--runs", str(Path("runs") / "pair")]


def test_a_device_has_its_own_value_of_an_option_or_none(written):
    _, stages = read_recipe(written("layers = 3", "layers = {cuda = 12}"), device="cpu", known=KNOWN)
    said = {device: stages[0].words(Path("runs"), [], device=device) for device in ("cuda", "cpu")}
    assert said == {"cuda": ["pretrain", "--layers", "12", "--minutes", "30"], "cpu": ["pretrain", "--minutes", "30"]}


def test_too_few_minutes_are_told_with_what_is_needed(written):
    with pytest.raises(
        DataError, match=r"0.2 minutes are too few for 3 stages: first would have 3 s. Give at least 0.4"
    ):
        read_recipe(written(), device="cpu", known=KNOWN, minutes=0.2)
