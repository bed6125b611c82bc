"""New pieces: what is drawn to teach them, that nothing else changes, and that they learn what they stand beside."""

import numpy as np
import pandas as pd
import pytest
import torch

from kosent_lab.core.exceptions import DataError
from kosent_lab.models import electra
from kosent_lab.models.classifier import load_classifier
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.tokenization.unknown import STRANGER, read_signs
from kosent_lab.training import pieces
from kosent_lab.training.packaging import read_taught


@pytest.fixture(scope="module")
def rows(pack):
    target = pack["label"].astype("Float64").fillna(0.5).astype(float)
    own = pd.DataFrame({"text": ["좋아요👍", "별로💢"], "target": [1.0, 0.0], "answer": [0.9, 0.2]})
    return pd.concat([pack[["text"]].assign(target=target, answer=0.3), own], ignore_index=True)


def test_the_list_of_emoji_is_of_single_characters_without_doubles():
    emoji = pieces.read_emoji()
    assert set(emoji.values()) == set(pieces.POLARITIES)
    assert all(len(one) == 1 and not one.isalnum() and not one.isspace() for one in emoji)
    assert (emoji["👍"], emoji["💢"], emoji["🍜"]) == ("positive", "negative", "neutral")


def test_a_list_that_lacks_something_or_says_it_twice_is_refused(tmp_path):
    path = tmp_path / "emoji.toml"
    path.write_text('positive = "👍"\nnegative = "💢"\n', "utf-8")
    with pytest.raises(DataError, match="needs positive, negative, neutral; got positive, negative"):
        pieces.read_emoji(path)
    path.write_text('positive = "👍"\nnegative = "💢👍"\nneutral = "🍜"\n', "utf-8")
    with pytest.raises(DataError, match="names 👍 twice"):
        pieces.read_emoji(path)


def test_examples_hold_what_is_taught_and_agree_as_often_as_said(rows, tiny_tokenizer):
    emoji = pieces.read_emoji()
    signs = read_signs(tiny_tokenizer, pieces.by_polarity(emoji))
    drawn = pieces.draw_examples(rows, emoji, count=4_000, seed=1)
    assert drawn["kind"].value_counts(normalize=True).to_dict() == pytest.approx(pieces.SHARES)
    new = {signs.token_to_id(one) for one in (STRANGER, *emoji)}
    assert all(new & set(one.ids) for one in signs.encode_batch(drawn["text"].tolist()))
    parts = dict(list(drawn.groupby("kind")))
    held = {
        kind: parts[kind]["text"].map(lambda text: next(emoji[one] for one in text if one in emoji)) == "positive"
        for kind in ("beside_polar", "beside_neutral")
    }
    assert (held["beside_polar"] == (parts["beside_polar"]["target"] == 1)).mean() == pytest.approx(
        pieces.AGREE, abs=0.03
    )
    # the model's answer, 0.3, or 0.5 without a text, and what the emoji adds to its odds
    added = pieces.AGREE / (1 - pieces.AGREE)
    odds = {True: {3 / 7 * added, added}, False: {3 / 7 / added, 1 / added}}
    for up, some in parts["beside_neutral"].groupby(held["beside_neutral"]):
        assert set((some["target"] / (1 - some["target"])).round(6)) == {round(one, 6) for one in odds[up]}
    assert set(parts["neutral_emoji"]["target"]) == {0.3, 0.5}
    pd.testing.assert_frame_equal(drawn, pieces.draw_examples(rows, emoji, count=4_000, seed=1))
    with pytest.raises(DataError, match="by polar and neutral ones that do not"):
        pieces.draw_examples(rows[rows["target"] == 0.5], emoji)


def _log_odds(model, tokenizer, texts):
    with torch.no_grad():
        logits = [model.eval()(torch.tensor([tokenizer.encode(text).ids])).logits[0] for text in texts]
    return np.array([float(positive - negative) for negative, positive in logits])


def test_pieces_learn_what_they_stand_beside_and_nothing_else_changes(rows, tiny_tokenizer, tiny_folder):
    emoji = pieces.read_emoji()
    signs = read_signs(tiny_tokenizer, pieces.by_polarity(emoji))
    model = electra.open_classifier(tiny_folder)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    pieces.add_embeddings(model, signs, emoji)
    texts = ["좋아요👍", "좋아요💢"]
    said = _log_odds(model, signs, texts)
    examples = pd.DataFrame({"text": texts * 1_600, "target": [1.0, 0.0] * 1_600})
    together = [[signs.token_to_id(one) for one in ones] for ones in ("👍💕", "💢👎", f"🍜{STRANGER}")]
    losses = pieces.fit_pieces(model, signs, examples, together)
    assert np.isfinite(losses).all()
    words = "electra.embeddings.word_embeddings.weight"
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value[: len(before[name])] if name == words else value, before[name], rtol=0, atol=0)
    praise, blame = _log_odds(model, signs, texts) - said  # what a model of chance begins with may lean either way
    assert praise > 0.1
    assert blame < -0.1
    learnt = model.state_dict()[words]
    assert all(torch.equal(learnt[one], learnt[other]) for one, other in together)  # the other of them was never seen
    assert not torch.equal(learnt[together[0][0]], learnt[together[1][0]])


def test_a_run_that_reads_signs_answers_all_other_texts_to_the_bit(tiny_folder, tmp_path, pack, monkeypatch):
    (tmp_path / "start").mkdir()
    start = tmp_path / "start"
    electra.save_classifier(
        electra.open_classifier(tiny_folder), load_classifier(tiny_folder).tokenizer.backend_tokenizer,
        start / "model", seen_positions=512,
    )  # fmt: skip
    (start / "model" / "training_data.json").write_text('{"data": "here"}', "utf-8")
    few = pd.concat(
        [pack[["text", "label"]], pd.DataFrame({"text": ["좋아요👍", "별로💢"] * 4, "label": [1, 0] * 4})],
        ignore_index=True,
    )
    few["split"] = np.where(np.arange(len(few)) % 4 == 3, "valid", "train")
    few["soft_target"] = few["label"].astype("Float64").fillna(0.5).astype(float)
    monkeypatch.setattr(pieces, "read_teaching", lambda sentences: few)
    said = pieces.teach_pieces(start, tmp_path / "out", count=64)
    assert said["n"] == 4
    assert np.isfinite(said["nll_after"])
    assert read_taught(tmp_path / "out") == {"data": "here", "pieces": {"examples": 64, "seed": 0}}
    old, new = load_classifier(start / "model"), load_classifier(tmp_path / "out" / "model")
    assert new.tokenizer.backend_tokenizer.get_vocab_size() == said["pieces"]
    scored = predict_frame(pd.DataFrame({"text": ["굿👍", "굿℃"]}), new)
    assert scored["n_unknown"].diff().iloc[1] == 1  # a sign without a piece of its own
    plain = pack[~pack["text"].str.contains(f"[{''.join(pieces.read_emoji())}]")].head(40)
    logits = ["logit_0", "logit_1"]
    pd.testing.assert_frame_equal(
        predict_frame(plain[["text"]], old)[logits], predict_frame(plain[["text"]], new)[logits], check_exact=True
    )
