import numpy as np
import pytest

from kosent_lab import figures
from kosent_lab.behaviour import suspicion
from kosent_lab.core.exceptions import DataError
from kosent_lab.models import pairs
from kosent_lab.scoring import replaced
from kosent_lab.widgets import detection
from tests.widgets import apart


@pytest.fixture(scope="module")
def pair(tiny_tokenizer):
    return pairs.new_pair(tiny_tokenizer.get_vocab_size(), layers=1).eval()


@pytest.mark.parametrize("text", ["only English", "ㅋㅋㅋ", "가" * 10_000, "\ud800 좋다", "<b>좋다</b>", "$x^2$ 좋다"])
def test_any_sentence_is_judged_and_drawn(text, pair, tiny_tokenizer):
    table, line = detection.judge_sentence(pair, tiny_tokenizer, text)
    assert len(table)
    assert f"of {len(table)} pieces masked" in line
    assert ("characters are shown" in line) == (len(text) > detection.SHOWN)
    with figures.style():
        figure = detection.draw_judged(table)
        assert detection.draw_judged(table, figure=figure) is figure
        figure.canvas.draw()


def test_the_line_names_what_was_replaced_and_suspected(pair, tiny_tokenizer):
    table, line = detection.judge_sentence(pair, tiny_tokenizer, "배우들의 연기가 좋았어요", mask_share=0.6)
    for row in table[table["replaced"]].itertuples():
        assert f"{row.piece} by {row.shown}" in line
    assert table.loc[table["score"].idxmax(), "shown"] in line
    _, line = detection.judge_sentence(pair, tiny_tokenizer, "배우들의 연기가 좋았어요", mask_share=0)
    assert line.startswith("0 of")


@apart
def test_the_widget_follows_what_is_typed_and_draws_again(pair, tiny_tokenizer):
    box = detection.explore_detection("재미가 없는 영화였다", pair, tiny_tokenizer)
    field, controls, line, image = box.children
    share, again = controls.children
    before = (line.value, image.value)
    field.value = "배우들의 연기는 좋았다"
    assert (line.value, image.value) != before
    share.value = 0.6
    before = image.value
    again.click()
    assert image.value != before
    field.value = " "
    assert line.value == "Type a sentence."


def test_particles_are_judged_where_they_were_changed(pair, tiny_tokenizer, pack):
    some = pack.head(60)
    table = suspicion.suspect_particles(pair, tiny_tokenizer, some)
    assert table["doc_id"].is_unique
    scores = table[["before", "after", "control_before", "control_after"]]
    assert scores.notna().mean().min() > 0.9
    assert scores.stack().between(0, 1).all()
    row = table.iloc[0]
    text = some.set_index("doc_id").loc[row["doc_id"], "text"]
    judged = replaced.replace_pieces(pair, tiny_tokenizer, [text], mask_share=0)
    assert np.isclose(judged["score"], row["before"], atol=1e-4).any()
    with pytest.raises(DataError, match="none of the 1 texts has a particle"):
        suspicion.suspect_particles(pair, tiny_tokenizer, some.head(1).assign(text="ㅋㅋ"))
