"""Texts that are nearly others."""

import pandas as pd

from kosent_lab.corpora.nearness import near_copies


def test_the_index_is_that_of_shared_grams():
    texts = pd.Series(["가나다라마바", "전혀 다른 말이다"], index=["x", "y"])
    # 가나다라마 and 나다라마바 against 가나다라마 and 나다라마사: one of three
    found = near_copies(texts, ["가나다 라마사"], threshold=0.3)
    assert found.values.tolist() == [["x", "가나다 라마사", 1 / 3]]
    assert near_copies(texts, ["가나다 라마사"], threshold=0.34).empty


def test_short_texts_are_near_their_equals_alone():
    texts = pd.Series(["최고", "최고다"])
    assert near_copies(texts, ["최고!!"], threshold=0.5)["row"].tolist() == [0]


def test_among_themselves_each_pair_is_told_once():
    texts = pd.Series(["국물이 진해서 좋았다", "국물이 진해서 좋았다.", "방음이 안 된다"])
    assert near_copies(texts, threshold=0.7)["row"].tolist() == [1]
