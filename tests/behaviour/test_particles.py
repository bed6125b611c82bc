import pandas as pd
import pytest

from kosent_lab.behaviour.particles import KINDS, SWAPS, TOPICS, perturb
from kosent_lab.core.hangul import JOSA
from kosent_lab.core.schema import DataError
from kosent_lab.korean.morphology import read_eojeol


def change(text, kind, **options):
    frame = pd.DataFrame({"doc_id": ["a"], "text": [text]})
    return perturb(frame, read_eojeol(["a"], [text]), kind, **options)


@pytest.mark.parametrize(
    ("text", "kind", "changed"),
    [
        ("연기가 참 좋았다", "delete", "연기 참 좋았다"),
        ("연기가 참 좋았다", "swap", "연기를 참 좋았다"),
        ("음식을 많이 시켰다", "swap", "음식이 많이 시켰다"),
        ("연기가 참 좋았다", "wrong_form", "연기이 참 좋았다"),
        ("음식을 많이 시켰다", "wrong_form", "음식를 많이 시켰다"),
        ("연기가 참 좋았다", "split", "연기 가 참 좋았다"),
        ("정말 연기가 좋았다", "join", "정말 연기가좋았다"),
        ("연기는 참 좋았다", "topic_도", "연기도 참 좋았다"),
        ("음식은 참 좋았다", "topic_이나마", "음식이나마 참 좋았다"),
        ("연기는 참 좋았다", "topic_이나마", "연기나마 참 좋았다"),
    ],
)
def test_changes_by_hand(text, kind, changed):
    row = change(text, kind).iloc[0]
    assert row["changed"] == changed
    assert row["control"] not in (changed, text)


def test_the_control_changes_as_much_and_no_particle(pack):
    texts = pack[["doc_id", "text"]].head(200)
    read = read_eojeol(texts["doc_id"], texts["text"])
    before = texts.set_index("doc_id")["text"]
    josa = read[read["josa_start"].notna()].groupby("doc_id")["josa"].agg(list)
    for kind in KINDS:
        for row in perturb(texts, read, kind).itertuples():
            text = before[row.doc_id]
            assert len(row.control) - len(text) == len(row.changed) - len(text)
            if kind == "delete":
                # each particle of the text still stands in its control, in order
                place = 0
                for form in josa[row.doc_id]:
                    place = row.control.find(form, place)
                    assert place >= 0, (text, row.control)


def test_choices_belong_to_the_text_alone(pack):
    texts = pack[["doc_id", "text"]].head(40)
    whole = perturb(texts, read_eojeol(texts["doc_id"], texts["text"]), "delete").set_index("doc_id")
    half = texts.iloc[::-2]
    part = perturb(half, read_eojeol(half["doc_id"], half["text"]), "delete").set_index("doc_id")
    pd.testing.assert_series_equal(part["changed"], whole.loc[part.index, "changed"])
    other = perturb(texts, read_eojeol(texts["doc_id"], texts["text"]), "delete", seed=1).set_index("doc_id")
    assert (other["changed"] != whole["changed"]).any()


@pytest.mark.parametrize("text", ["", "ㅋㅋㅋ", "only English", "빨리!", "난 좋아", "\ufffd"])
def test_texts_without_a_particle_are_left_out(text):
    assert change(text, "delete").empty


def test_every_form_is_a_particle():
    assert {*SWAPS, *SWAPS.values(), *TOPICS} <= JOSA


def test_swaps_of_ones_own_are_used_and_checked():
    assert change("영화는 좋다", "swap", swaps={"은": "조차"}).iloc[0]["changed"] == "영화조차 좋다"
    with pytest.raises(DataError, match="'는' is the form after a vowel; write particles as after a consonant: '은'"):
        change("영화는 좋다", "swap", swaps={"는": "도"})
    with pytest.raises(DataError, match="'영화' is no particle"):
        change("영화는 좋다", "swap", swaps={"은": "영화"})


def test_an_unknown_kind_lists_what_there_is():
    with pytest.raises(DataError, match="a change is one of delete, swap"):
        change("연기가 좋다", "shuffle")
