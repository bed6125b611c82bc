"""Languages of files by their content, where no name tells."""

import sys

import pandas as pd
import pytest

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.curation import build_corpus, read_recipe
from kosent_lab.curation.languages import add_content_languages, magika_detector

PYTHON = """import os


class Reader:
    def __init__(self):
        self.name = os.sep

    def read(self):
        return 1
"""


@pytest.fixture
def detect():
    try:
        return magika_detector()
    except NotAvailableError as error:
        pytest.skip(str(error))


def test_magika_names_languages_as_their_lexers_do(detect):
    assert detect(PYTHON) == "Python"
    assert detect("SELECT name FROM words WHERE count > 3 ORDER BY name;\n") == "SQL"
    assert detect("단어,수\n좋다,3\n나쁘다,4\n보통,1\n" * 3) == "CSV document"
    assert detect("이 도구는 한국어 형태소를 분석합니다.\n" * 9) in ("Text", "")
    assert detect("\ud800") in ("Text", "")


def test_a_name_counts_more_than_what_a_file_holds(detect):
    files = pd.DataFrame({"text": [PYTHON, PYTHON, "  "], "language": ["Perl", "", ""]})
    assert add_content_languages(files)["language"].tolist() == ["Perl", "Python", ""]


RECIPE = """name = "code"
title = "Code"
version = "1.0.0"
licence = "MIT"

[[sources]]
folder = "code"
content = "{tool}"
"""


def test_a_recipe_that_asks_for_magika_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "magika", None)
    magika_detector.cache_clear()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "run").write_text(PYTHON)
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.format(tool="magika"))
    with pytest.raises(NotAvailableError, match=r"pip install \.\[curation\]"):
        build_corpus(read_recipe(path), tmp_path / "out")
    path.write_text(RECIPE.format(tool="magic"))
    with pytest.raises(DataError, match=r"recipe\.toml, line 8: the tool of content is 'magika'; got 'magic'"):
        read_recipe(path)
