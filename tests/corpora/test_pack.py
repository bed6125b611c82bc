"""What the project promises of its own texts."""

import pytest

from kosent_lab import corpora
from kosent_lab.core.hangul import fold_text
from kosent_lab.core.josa import josa_agrees
from kosent_lab.corpora import cards

AGREEING = {"은", "는", "이", "가", "을", "를", "과", "와", "으로", "로"}


def test_pack_is_large_and_balanced(pack):
    assert len(pack) >= 900
    counts = pack["polarity"].value_counts()
    assert counts.min() >= 200
    assert counts["negative"] < 1.5 * counts["positive"]
    assert pack["domain"].value_counts().min() >= 150
    plain = pack[pack["phenomenon"] == "plain"].groupby(["domain", "polarity"]).size()
    assert plain.min() == plain.max()


def test_kinds_are_all_there(pack):
    counts = pack["phenomenon"].value_counts()
    assert len(counts) == 14
    assert counts.min() >= 40
    assert (pack["gloss"].str.len() > 5).all()


def test_no_text_stands_twice(pack):
    assert not pack["text"].duplicated().any()
    folded = pack.assign(key=pack["text"].map(fold_text))
    twice = folded[folded["key"].duplicated(keep=False)]
    # a pair that differs in a mark such as ^^ alone may fold together, nothing else
    assert (twice["phenomenon"].str.startswith("sarcasm")).all()
    assert (twice.groupby("key")["pair_id"].nunique() == 1).all()


def test_pairs_have_partners(pack):
    sizes = pack.loc[pack["pair_id"] != "", "pair_id"].value_counts()
    assert sizes.between(2, 4).all()
    cues = pack[pack["phenomenon"].str.startswith("sarcasm")].groupby("pair_id")["phenomenon"].apply(set)
    assert (cues == {"sarcasm_cue", "sarcasm_no_cue"}).all()


def test_josa_agree_with_the_final_sound(pack):
    kiwi = pytest.importorskip("kiwipiepy").Kiwi(num_workers=1)
    written = pack[~pack["phenomenon"].isin(["typo_spacing"])]
    wrong = []
    for text in written["text"]:
        tokens = kiwi.tokenize(text)
        for before, token in zip(tokens, tokens[1:], strict=False):
            adjacent = before.start + before.len == token.start
            if token.tag.startswith("J") and token.form in AGREEING and adjacent and before.tag.startswith("N"):
                surface = text[token.start : token.start + token.len]
                if surface == token.form and josa_agrees(before.form, token.form) is False:
                    wrong.append((text, before.form, token.form))
    assert not wrong


FOREIGN = [card for card in cards.list_cards() if card.kind != "vocabulary" and not card.name.startswith("kosent-")]


@pytest.mark.corpora("card")
@pytest.mark.parametrize("card", FOREIGN, ids=lambda card: card.name)
def test_no_text_stands_in_a_downloaded_corpus(pack, card):
    frame = corpora.load_corpus(card.name)
    assert not set(pack["text"].map(fold_text)) & set(frame["text"].dropna().map(fold_text))
