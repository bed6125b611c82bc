import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.curation.recipe import read_recipe
from tests.conftest import ROOT

HEAD = 'name = "mine"\ntitle = "Mine"\nversion = "1.0.0"\nlicence = "CC0-1.0"\n'
SOURCE = '[[sources]]\nfile = "a.csv"\n'


def read(tmp_path, text):
    path = tmp_path / "recipe.toml"
    path.write_text(text, "utf-8")
    return read_recipe(path)


def test_a_recipe_says_what_is_done_in_which_order(tmp_path):
    steps = '[[steps]]\nstep = "opt-out"\nregistry = "out.csv"\n[[steps]]\nstep = "duplicates"\nthreshold = 0.7\n'
    recipe = read(tmp_path, HEAD + "seed = 5\n" + SOURCE + steps)
    assert [call.step for call in recipe.steps] == ["opt-out", "duplicates"]
    assert recipe.steps[0].options == {"registry": tmp_path / "out.csv"}
    assert recipe.steps[1].options == {"seed": 5, "threshold": 0.7}
    assert recipe.sources == ({"file": "a.csv"},)
    assert recipe.shard_rows == 100_000


@pytest.mark.parametrize("path", sorted((ROOT / "data" / "recipes" / "corpora").glob("*.toml")), ids=lambda p: p.stem)
def test_the_recipes_of_this_repository_are_read(path):
    assert read_recipe(path).name == path.stem


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (HEAD, r"a recipe has \[\[sources\]\], one or more"),
        (HEAD.replace('"1.0.0"', '"1.0"') + SOURCE, "line 3: a version is three numbers, 1.0.0; got '1.0'"),
        (HEAD.replace('"1.0.0"', '"1.0.00"') + SOURCE, "a version is three numbers, 1.0.0; got '1.0.00'"),
        (HEAD + "seed = true\n" + SOURCE, "seed and shard_rows are whole numbers"),
        (HEAD + '[[sources]]\nfolder = "f"\nat = "2020-01-01"\n', "line 7: at is of a clone"),
        (HEAD + SOURCE + 'detect = "scancode"\n', "line 7: detect is of a folder or clone or archive or swhid"),
        (HEAD + SOURCE + '[[steps]]\nstep = "personal"\naction = "redct"\n', "action of the step personal is one of"),
        (HEAD.replace('"mine"', '"Mine"') + SOURCE, "line 1: a name is of small letters"),
        (HEAD.replace('title = "Mine"\n', "") + SOURCE, "a recipe needs a title"),
        ("licenze = 1\n" + HEAD + SOURCE, "line 1: 'licenze' is no key of a recipe. Did you mean 'licence'?"),
        ("contact = 1\n" + HEAD + SOURCE, "line 1: contact is a text; got 1"),
        ('date_published = "2026-99-99"\n' + HEAD + SOURCE, "date_published is a day"),
        ('date_published = "2026"\n' + HEAD + SOURCE, "line 1: date_published is a day, 2026-11-27; got '2026'"),
        (HEAD + 'seed = "a"\n' + SOURCE, "seed and shard_rows are whole numbers"),
        (HEAD + '[[sources]]\nfiles = "a"\n', "line 6: 'files' is no key of a source. Did you mean 'file'?"),
        (HEAD + '[[sources]]\nowner = "a"\n', "line 6: source 1 has one of corpus, file, folder, clone, archive"),
        (HEAD + "[[sources]]\nfile = 1\n", "line 6: what is said of source 1 is text"),
        (
            HEAD + SOURCE + '[[steps]]\nstep = "duplicate"\n',
            "line 8: 'duplicate' is no step. Did you mean 'duplicates'?",
        ),
        (
            HEAD + SOURCE + '[[steps]]\nstep = "quality"\n[[steps]]\nstep = "duplicates"\ntreshold = 0.5\n',
            "line 11: 'treshold' is no option of the step duplicates. Did you mean 'threshold'?",
        ),
        (
            HEAD + SOURCE + '[[steps]]\nstep = "duplicates"\nthreshold = "high"\n',
            "line 9: threshold of the step duplicates is a float; got 'high'",
        ),
        (HEAD + SOURCE + '[[steps]]\nstep = "opt-out"\n', "line 8: the step opt-out needs registry"),
        (HEAD + "[[", "cannot be read"),
        (HEAD.replace("CC0-1.0", "CC Zero") + SOURCE, "line 4: 'CC Zero' is no SPDX expression"),
        (HEAD + SOURCE + 'licence = "MTI"\n', "line 7: 'MTI' is no SPDX expression of known licences"),
        (
            HEAD + SOURCE + '[[steps]]\nstep = "licences"\nallow = ["mit", "GPL 9"]\n',
            "line 9: 'GPL 9' is no SPDX expression",
        ),
        (HEAD + SOURCE + '[[steps]]\nstep = "licences"\nallow = [1]\n', "line 9: a licence is a text, MIT; got 1"),
        (
            HEAD + SOURCE + '[[steps]]\nstep = "duplicates"\nthreshold = 1.5\n',
            "line 9: threshold of the step duplicates is from 0 to 1; got 1.5",
        ),
        (
            HEAD + SOURCE + '[[steps]]\nstep = "quality"\nleast_letters = -1\n',
            "line 9: least_letters of the step quality is 0 or more; got -1",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, text, match):
    with pytest.raises(DataError, match=match):
        read(tmp_path, text)


def test_a_condition_that_names_nothing_is_refused(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(HEAD + SOURCE + '[[steps]]\nstep = "decontaminate"\nwhere = {}\n', "utf-8")
    with pytest.raises(DataError, match=r"line \d+: where of the step decontaminate names no column"):
        read_recipe(path)
    path.write_text(HEAD + "seed = -1\n" + SOURCE, "utf-8")
    with pytest.raises(DataError, match="0 or more and 1 or more; got -1"):
        read_recipe(path)


def test_what_the_build_gives_a_step_is_no_option_of_it(tmp_path):
    step = '[[steps]]\nstep = "opt-out"\nregistry = "opt-outs.csv"\nasked = "x"\n'
    with pytest.raises(DataError, match="'asked' is no option of the step opt-out"):
        read(tmp_path, HEAD + SOURCE + step)


def test_a_recipe_that_a_windows_editor_saved_is_read(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_bytes((HEAD + SOURCE).replace("\n", "\r\n").encode("utf-8-sig"))
    assert read_recipe(path).name == "mine"
