"""What the project promises of the text that teaches: large, mixed, no two alike, and near nothing that measures."""

import pandas as pd
import pytest

from kosent_lab import corpora
from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.corpora import cards
from kosent_lab.corpora.nearness import near_copies
from kosent_lab.corpora.personal import find_personal
from kosent_lab.corpora.splits import fold_texts, split_frame

# of the page that the project starts from; a user meets the model with them
EXAMPLES = ["음식이 신선하고 직원도 친절해요", "가격 대비 품질이 정말 좋습니다"]
MEASURING = [card.name for card in cards.list_cards() if card.kind in ("labelled", "treebank")]


@pytest.fixture(scope="module")
def teaching():
    return corpora.load("kosent-teaching")


@pytest.fixture(scope="module")
def both(teaching):
    """With what the next model is to read."""
    return pd.concat([teaching, corpora.load("kosent-teaching-more")], ignore_index=True)


def test_it_is_large_and_mixed(teaching):
    assert len(teaching) >= 5_000
    assert teaching["domain"].nunique() >= 16
    assert teaching["domain"].value_counts().min() >= 100
    shares = teaching["polarity"].value_counts(normalize=True)
    assert shares.min() >= 0.2
    assert teaching["label"].isna().sum() == (teaching["polarity"] == "neutral").sum()
    kinds = teaching["phenomenon"].value_counts()
    assert len(kinds) == 15
    assert kinds.min() >= 200
    lengths = teaching["text"].str.len()
    assert (lengths <= 15).mean() > 0.15
    assert (lengths >= 60).sum() >= 3_000


def test_every_domain_has_every_polarity(teaching):
    by_domain = teaching.groupby(["domain", "polarity"]).size().unstack()
    assert by_domain.notna().all(axis=None)
    assert (by_domain.min(axis=1) / by_domain.sum(axis=1) > 0.15).all()


def test_it_says_nothing_of_anybody(both):
    assert not [text for text in both["text"] if find_personal(text)]


def test_no_two_texts_are_alike(both):
    assert both["doc_id"].is_unique
    assert not fold_texts(both["text"]).duplicated().any()
    assert near_copies(both["text"], threshold=0.7).empty


@pytest.mark.parametrize("name", ["the examples", *MEASURING])
def test_it_is_kept_apart_from_what_measures(both, name):
    try:
        frame = None if name == "the examples" else corpora.load(name)
    except NotAvailableError as absent:
        pytest.skip(str(absent))
    if name == "nsmc":
        frame = split_frame(frame[frame["official_split"] != "unused"])
        frame = frame[frame["split"] != "train"]
    others = EXAMPLES if frame is None else frame["text"].dropna().unique()
    found = near_copies(both["text"], others, threshold=0.5)
    assert found.empty, both.loc[found["row"], "doc_id"].tolist()
