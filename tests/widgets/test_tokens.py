import asyncio

import matplotlib.pyplot as plt
import pytest

from kosent_lab import figures
from kosent_lab.tokenization.tokenizers import load_cutter
from kosent_lab.widgets import controls, tokens
from kosent_lab.widgets.controls import fit
from tests.widgets import apart


@pytest.fixture(scope="module")
def cutters():
    return {name: load_cutter(name) for name in ("kosent-electra-small", "jamo")}


def test_layers_lie_over_the_same_characters(cutters):
    sentence = "음식는 좋았어요"
    layers = tokens.layer_table(sentence, cutters)
    assert list(dict.fromkeys(layers["layer"])) == ["eojeol", "morphemes", "kosent-electra-small", "jamo"]
    for _, part in layers.groupby("layer"):
        covered = sorted({place for row in part.itertuples() for place in range(row.start, row.end)})
        assert "".join(sentence[place] for place in covered) == "음식는좋았어요"
    assert layers.loc[layers["kind"] == "wrong", "text"].tolist() == ["는"]


def test_particles_are_boxes_as_the_reading_has_them():
    """Kiwi alone takes 음식가 for one noun."""
    boxes = tokens.layer_table("음식가 하루라도 난 30%는", {})
    boxes = boxes[boxes["layer"] == "morphemes"]
    assert boxes[["text", "kind"]].to_numpy().tolist()[:4] == [
        ["음식", ""],
        ["가", "wrong"],
        ["하루", ""],
        ["라도", "josa"],
    ]
    assert boxes["text"].tolist()[4] == "난"
    assert boxes["kind"].iloc[-1] == "josa"


def test_variants_are_scored_against_the_text(cutters, tiny):
    sentence = "재미가 없는 영화는 싫다"
    variants = tokens.variant_table(sentence, tiny, count=4)
    assert len(variants) == 5
    assert variants["change"].iloc[0] == "as written"
    assert variants["text"].is_unique
    moves = (variants["prob_1"] - variants["prob_1"].iloc[0]).abs().tolist()[1:]
    assert moves == sorted(moves, reverse=True)
    line = tokens.sentence_text(sentence, tokens.layer_table(sentence, cutters), variants)
    assert "particles: 가, 는" in line
    assert variants["change"].iloc[1] in line


@pytest.mark.parametrize("text", ["only English", "ㅋㅋㅋ", "가" * 10_000, "\ud800 좋다", "<b>좋다</b>", "$x^2$ 좋다"])
def test_any_sentence_is_drawn(text, cutters, tiny):
    sentence, note = fit(text, tokens.SHOWN)
    assert len(sentence) <= tokens.SHOWN
    assert bool(note) == (len(text) > tokens.SHOWN)
    layers, variants = tokens.layer_table(sentence, cutters), tokens.variant_table(sentence, tiny)
    with figures.style():
        figure = tokens.draw_tokens(layers, variants)
        assert tokens.draw_tokens(layers, variants, figure=figure) is figure
        figure.canvas.draw()
    assert plt.get_fignums() == []  # what pyplot knows, a notebook would show a second time


@apart
def test_the_widget_follows_what_is_typed(cutters, tiny):
    box = tokens.explore_tokens("재미가 없다", tiny, cutters)
    field, line, image = box.children
    before = image.value
    field.value = "재미는 있다"
    assert "는" in line.value
    assert image.value != before
    field.value = "  "
    assert line.value == "Type a sentence."


@apart
def test_a_syllable_that_is_typed_letter_by_letter_is_read_once(cutters, tiny, monkeypatch):
    """As an input method sends it; each reading asks the model of a dozen texts."""
    asked, read = [], tokens.layer_table
    monkeypatch.setattr(tokens, "layer_table", lambda text, known: asked.append(text) or read(text, known))

    async def type_it():
        box = tokens.explore_tokens("재미가 없다", tiny, cutters)
        for typed in ("재미가 없다 ㄱ", "재미가 없다 그", "재미가 없다 글"):
            box.children[0].value = typed
        await asyncio.sleep(2 * controls.TYPING)

    asyncio.run(type_it())
    assert asked == ["재미가 없다", "재미가 없다 글"]
