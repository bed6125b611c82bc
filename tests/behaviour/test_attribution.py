import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from kosent_lab import behaviour
from kosent_lab.behaviour.attribution import _weights, kind_of
from kosent_lab.core.exceptions import DataError, ModelError
from kosent_lab.korean.morphology import read_eojeol
from kosent_lab.models.classifier import load_classifier
from kosent_lab.scoring.predict import predict_frame

TEXTS = ["음식이 정말 맛있어요.", "직원이 불친절하고 오래 기다렸습니다 ㅠㅠ", "별로", "", "또 올게요!"]


@pytest.fixture(scope="module")
def found(tiny):
    return behaviour.attribute(TEXTS, tiny)


def test_pieces_sum_to_the_difference_of_the_log_odds(found, tiny):
    pieces, about = found
    assert about["complete"].all()
    difference = about["log_odds"] - about["log_odds_masked"]
    sums = pieces.groupby("text_index")["attribution"].sum().reindex(range(len(TEXTS)), fill_value=0.0)
    assert np.allclose(sums, about["total"])
    assert (abs(sums - difference) <= 0.01 * np.maximum(abs(difference), 0.1)).all()
    scored = predict_frame(pd.DataFrame({"text": TEXTS}), tiny)
    assert np.allclose(about["log_odds"], scored["logit_1"] - scored["logit_0"], atol=1e-5)


def test_a_model_that_was_first_asked_for_without_gradients_has_them(tiny_folder):
    classifier = load_classifier(tiny_folder, device="cpu")
    with torch.inference_mode():
        weight = classifier.model.electra.embeddings.word_embeddings.weight
    assert not weight.is_inference()


def test_gradients_agree_with_the_model_of_transformers(tiny):
    """An independent way: plain Riemann sums with the model's own embeddings."""
    text = TEXTS[0]
    pieces, _ = behaviour.attribute([text], tiny, steps=64, tolerance=1e-6)
    model, tokenizer = tiny.model, tiny.tokenizer
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    base = ids.clone()
    base[0, 1:-1] = tokenizer.mask_token_id
    words = model.electra.embeddings.word_embeddings
    start, step = words(base).detach(), (words(ids) - words(base)).detach()
    gradient, parts = torch.zeros_like(step), 2_000
    for number in range(parts):
        place = (start + (number + 0.5) / parts * step).requires_grad_(True)
        logits = model(inputs_embeds=place).logits[0]
        gradient += torch.autograd.grad(logits[1] - logits[0], place)[0] / parts
    expected = (gradient * step).sum(dim=-1)[0, 1:-1]
    assert pieces["attribution"].to_numpy() == pytest.approx(expected.numpy(), abs=2e-4)


def test_an_answer_does_not_depend_on_its_neighbours(found, tiny):
    alone, _ = behaviour.attribute(TEXTS[1:2], tiny)
    beside = found[0][found[0]["text_index"] == 1]
    assert alone["attribution"].to_numpy() == pytest.approx(beside["attribution"].to_numpy(), abs=1e-4)


def test_the_rule_of_integration_is_exact_for_polynomials():
    for steps in (2, 4, 8, 16):
        places = (1 - np.cos(np.pi * np.arange(steps + 1) / steps)) / 2
        for power in range(steps + 1):
            assert _weights(steps) @ places**power == pytest.approx(1 / (power + 1))


@pytest.mark.parametrize("steps", [1, 3, 0, 512])
def test_steps_that_cannot_be_taken_are_refused(tiny, steps):
    with pytest.raises(DataError, match="steps are an even number from 2 to most_steps"):
        behaviour.attribute(TEXTS[:1], tiny, steps=steps)


def test_what_does_not_converge_is_said(tiny):
    _, about = behaviour.attribute(TEXTS[:2], tiny, steps=2, most_steps=2, tolerance=1e-9)
    assert not about["complete"].any()
    assert about["steps"].tolist() == [2, 2]


def test_units_share_pieces_by_characters():
    pieces = pd.DataFrame({"text_index": 0, "start": [0, 2, 5], "end": [2, 4, 6], "attribution": [1.0, 2.0, -4.0]})
    units = pd.DataFrame({"text_index": [0, 0, 0, 1], "start": [0, 3, 4, 0], "end": [3, 6, 5, 9]})
    assert behaviour.sum_to_units(pieces, units).tolist() == pytest.approx([2.0, -3.0, 0.0, 0.0])


def test_words_and_morphemes_keep_the_sum(found):
    pieces, about = found
    words = read_eojeol(range(len(about)), about["text"])
    morphemes = behaviour.attribute_words(pieces, words)
    assert morphemes.groupby("text_index")["attribution"].sum().to_numpy() == pytest.approx(
        about["total"].drop(3).to_numpy()
    )
    assert dict(zip(morphemes["surface"], morphemes["kind"], strict=True))["이"] == "josa"
    table = behaviour.kind_table(morphemes)
    assert set(table["kind"]) == {"stem", "josa", "eomi", "mark"}
    assert table[["share", "share_characters"]].sum().tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("tag", "kind"),
    [("JKS", "josa"), ("JX", "josa"), ("EF", "eomi"), ("ETM", "eomi"), ("SF", "mark"), ("SW", "mark"), ("NNG", "stem"),
     ("VA", "stem"), ("SL", "stem"), ("SN", "stem"), ("W_EMOJI", "mark"), ("XSA", "stem")],
)  # fmt: skip
def test_kinds_of_tags(tag, kind):
    assert kind_of(tag) == kind


def test_a_model_without_gradients_says_what_still_works(tiny):
    other = dataclasses.replace(tiny, forward=lambda ids, mask: torch.zeros(len(ids), 2))
    with pytest.raises(ModelError, match=r"needs an ELECTRA in fp32.*leave_one_out\) works with any model"):
        behaviour.attribute(TEXTS, other)


def test_classes_that_are_no_polarities_have_no_log_odds_of_positive(tiny):
    other = dataclasses.replace(tiny, class_names=("부정", "중립", "긍정"), label_columns=(0, 1, 2))
    with pytest.raises(ModelError, match="has the classes 부정, 중립, 긍정"):
        behaviour.attribute(TEXTS, other)


def test_words_are_escaped_and_readable_without_colour():
    line = behaviour.coloured_words(["<script>", "좋아요"], [-0.5, 2.0])
    assert "<script>" not in line
    assert "&lt;script&gt;" in line
    assert "<rt>−0.5</rt>" in line
    assert "<rt>+2.0</rt>" in line
    assert behaviour.coloured_words([], []).startswith("<span")
    assert "rgba(0,114,178,0.55)" in line
    assert "long" not in line
    assert 'class="long">정말😡' in behaviour.coloured_words(["정말" + "😡" * 60], [-1.0])  # which a page may break
