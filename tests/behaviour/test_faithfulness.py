import numpy as np
import pytest

from kosent_lab import behaviour
from kosent_lab.behaviour import faithfulness
from kosent_lab.core.exceptions import DataError

GOOD, BAD = "좋다", "나쁘다"
TEXTS = [f"이 집 {GOOD} 그리고 멀다", f"여기 {BAD} 정말 그냥 그래", f"{GOOD} {GOOD} {BAD} 같다 뭐", "한마디"]


def predict(texts):
    """A model whose log-odds are the good words less the bad ones."""
    return [1 / (1 + np.exp(-2.0 * (t.split().count(GOOD) - t.split().count(BAD)))) for t in texts]


def test_a_word_left_out_takes_what_it_adds():
    found = behaviour.leave_one_out(TEXTS, predict)
    for text, values in zip(TEXTS, found, strict=True):
        expected = [{GOOD: 2.0, BAD: -2.0}.get(word, 0.0) for word in text.split()]
        assert values == pytest.approx(expected)
    assert behaviour.leave_one_out([], predict) == []


def test_a_long_text_is_asked_a_part_at_a_time(monkeypatch):
    monkeypatch.setattr(faithfulness, "_AT_ONCE", 3)
    asked = []

    def counted(texts):
        asked.append(len(texts))
        return predict(texts)

    whole = behaviour.leave_one_out(TEXTS, predict)
    parts = behaviour.leave_one_out(TEXTS, counted)
    assert [part.tolist() for part in parts] == [part.tolist() for part in whole]
    assert max(asked[1:]) == 3


def test_the_right_order_is_faithful_and_the_reverse_is_not():
    right = behaviour.leave_one_out(TEXTS, predict)
    table = behaviour.measure_faithfulness(
        TEXTS * 20, {"right": right * 20, "reverse": [-v for v in right * 20]}, predict
    )
    found = table.set_index(["method", "measure"])
    assert (found["n"] == 60).all()  # a text of one word says nothing
    assert found.loc[("right", "comprehensiveness"), "ci_low"] > 0
    assert found.loc[("right", "sufficiency"), "ci_high"] < 0
    assert found.loc[("reverse", "comprehensiveness"), "value"] < found.loc[("random", "comprehensiveness"), "value"]
    # by hand, of the first text: its one good word is 10, 20 and half of five words, rounded
    first = behaviour.measure_faithfulness(TEXTS[:1], {"right": right[:1]}, predict).set_index(["method", "measure"])
    high, even = 1 / (1 + np.exp(-2.0)), 0.5
    assert first.loc[("right", "comprehensiveness"), "value"] == pytest.approx(high - even)
    assert first.loc[("right", "sufficiency"), "value"] == pytest.approx(0.0)


def test_numbers_must_fit_the_words():
    with pytest.raises(DataError, match="right needs one number for each word"):
        behaviour.measure_faithfulness(TEXTS, {"right": [np.zeros(2)] * 4}, predict)
