import numpy as np
import pandas as pd
import pytest

from kosent_lab import corpora
from kosent_lab.corpora.nearness import near_copies
from kosent_lab.corpora.splits import fold_texts
from kosent_lab.curation.minhash import bands_for, find_candidates
from kosent_lab.curation.shingles import jaccard, shingle


def test_grams_by_hand():
    grams = shingle(["가나다라", "가나다", "나", "가나다가나다"], size=3)
    # 가나다 나다라 | 가나다 | 나 | 가나다 나다가 다가나 (가나다 twice)
    assert grams.sizes.tolist() == [2, 1, 1, 3]
    sets = [set(grams.grams[a:b]) for a, b in zip(grams.starts[:-1], grams.starts[1:], strict=True)]
    assert sets[1] < sets[0]
    assert sets[1] < sets[3]
    assert not sets[2] & sets[0]
    pairs = np.array([[0, 1], [0, 3], [1, 2]])
    assert jaccard(grams, pairs).tolist() == [1 / 2, 1 / 4, 0]


def test_parts_are_worked_on_as_the_whole_is(monkeypatch):
    texts = [f"{n}번째 이야기는 {n * n}점이다" for n in range(300)]
    whole = shingle(texts, size=5)
    pairs = find_candidates(whole, threshold=0.3)
    monkeypatch.setattr("kosent_lab.curation.shingles._AT_ONCE", 40)
    parts = shingle(texts, size=5)
    assert (parts.grams == whole.grams).all()
    assert (parts.starts == whole.starts).all()
    assert (find_candidates(parts, threshold=0.3) == pairs).all()
    assert (jaccard(parts, pairs) == jaccard(whole, pairs)).all()


def test_nothing_and_one_text_have_no_pairs():
    for texts in ([], ["가나다라마바"]):
        grams = shingle(texts, size=5)
        assert find_candidates(grams, threshold=0.5).shape == (0, 2)
        assert jaccard(grams, np.empty((0, 2), "int64")).shape == (0,)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.95])
def test_bands_find_a_pair_at_the_threshold(threshold):
    bands, rows = bands_for(threshold)
    assert bands * rows <= 128
    assert 1 - (1 - threshold**rows) ** bands >= 0.99


def planted(seed, changes):
    """Texts of 40 random syllables, and copies with so many of them replaced."""
    random = np.random.default_rng(seed)
    syllables = random.integers(0xAC00, 0xD7A3, (400, 40))
    copies = syllables.copy()
    for row in copies:
        row[random.choice(40, changes, replace=False)] = random.integers(0xAC00, 0xD7A3, changes)
    return ["".join(map(chr, row)) for row in np.concatenate([syllables, copies])]


@pytest.mark.parametrize("changes", [1, 2, 3])
def test_near_copies_are_found_as_by_comparing_all(changes):
    texts = planted(changes, changes)
    grams = shingle(texts, size=5)
    for threshold in (0.3, 0.5, 0.7):
        pairs = find_candidates(grams, threshold=threshold)
        found = pairs[jaccard(grams, pairs) >= threshold]
        true = near_copies(pd.Series(texts), threshold=threshold)
        wanted = {(texts.index(row.other), row.row) for row in true.itertuples()}
        assert {tuple(pair) for pair in found.tolist()} <= wanted
        assert len(found) >= 0.95 * len(wanted)


@pytest.mark.corpora("nsmc")
def test_of_five_thousand_reviews_no_pair_is_wrong_and_few_are_missed():
    texts = fold_texts(corpora.load("nsmc:valid")["text"].head(5_000))
    texts = texts[texts != ""].drop_duplicates().tolist()
    grams = shingle(texts, size=5)
    true = near_copies(pd.Series(texts), threshold=0.5)
    wanted = {(texts.index(row.other), row.row) for row in true.itertuples()}
    pairs = find_candidates(grams, threshold=0.5)
    found = {tuple(pair) for pair in pairs[jaccard(grams, pairs) >= 0.5].tolist()}
    assert found <= wanted
    assert len(found) >= 0.95 * len(wanted)
