import pandas as pd
import pytest

from kosent_lab.core.schema import DataError
from kosent_lab.curation import steps

LONG = "배우들의 연기가 훌륭하고 이야기도 탄탄해서 두 시간이 금방 갔다"


def documents(*texts, **columns):
    return pd.DataFrame({"doc_id": [f"d{n}" for n in range(len(texts))], "text": list(texts), **columns})


def reasons(outcome):
    return dict(zip(outcome.removed["doc_id"], outcome.removed["reason"], strict=True))


def test_personal_data_is_replaced_and_replacing_it_twice_changes_nothing():
    frame = documents("문의는 010-0000-0000 으로", "메일 a@example.com, 전화 02-000-0000", "별점 5.0, 12,900원")
    once = steps.personal(frame)
    assert once.changed["doc_id"].tolist() == ["d0", "d1"]
    assert once.changed["text"].tolist() == ["문의는 [전화번호] 으로", "메일 [메일주소], 전화 [전화번호]"]
    assert once.facts["found"] == {"mail": 1, "phone": 2}
    after = once.apply(frame)
    assert after["text"].tolist()[2] == frame["text"][2]
    assert steps.personal(after).changed.empty
    assert set(reasons(steps.personal(frame, action="drop"))) == {"d0", "d1"}
    assert steps.personal(frame, action="report").facts["documents"] == 2
    with pytest.raises(DataError, match="redact, drop and report; got 'mask'"):
        steps.personal(frame, action="mask")


def test_quality_gives_each_document_one_reason():
    frame = documents("좋다", "!!", "very good film", "가" * 30, "가" * 200, None, "ㅋㅋ good")
    found = steps.quality(frame, least_letters=1, most_characters=100, least_hangul=0.3, most_repeated=0.9)
    assert reasons(found) == {
        "d1": "too few letters",
        "d2": "hardly Korean",
        "d3": "repeats itself",
        "d4": "too long",
        "d5": "too few letters",
    }
    assert steps.quality(documents("good", "좋다")).removed.empty


def test_what_measures_is_taken_out_of_the_rest_and_stays_itself():
    frame = documents(LONG, LONG + " ㅎ", "다른 글", LONG, split=["train", "train", "train", "test"])
    found = steps.decontaminate(frame, where={"split": ["test"]})
    assert reasons(found) == {"d0": "stands in what measures", "d1": "stands nearly in what measures"}
    assert set(found.removed["other"]) == {"d3"}
    assert reasons(steps.decontaminate(frame, where={"split": ["test"]}, near=False)) == {
        "d0": "stands in what measures"
    }
    with pytest.raises(DataError, match="the step decontaminate needs column"):
        steps.decontaminate(frame, where={"part": ["test"]})


def test_of_copies_one_stays_and_the_others_say_of_which_they_are():
    frame = documents(LONG, LONG, LONG.replace(" ", ""), LONG + " ㅎ", split=["a", "b", "b", "b"])
    found = steps.duplicates(frame, protect={"split": ["a"]})
    assert reasons(found) == {"d1": "exact copy", "d2": "folded copy", "d3": "near copy"}
    assert set(found.removed["other"]) == {"d0"}
    assert found.facts["clusters"] == 1
    assert set(reasons(steps.duplicates(frame, near=False))) == {"d1", "d2"}


def test_only_licences_that_are_allowed_pass():
    known = ["CC0-1.0", "LicenseRef-unstated", None, "MIT OR CC0-1.0", "per-row"]
    frame = documents("a", "b", "c", "d", "e", licence=known)
    found = steps.licences(frame, allow=["CC0-1.0"])
    assert reasons(found) == {
        "d1": "licence is not allowed",
        "d2": "licence is not allowed",
        "d4": "licence is not known",
    }
    assert found.removed["other"].tolist() == ["LicenseRef-unstated", "LicenseRef-unstated", "per-row"]
    assert set(reasons(steps.licences(frame, allow=["CC0-1.0", "LicenseRef-unstated"]))) == {"d4"}
    with pytest.raises(DataError, match="'CC-0' is no SPDX expression"):
        steps.licences(frame, allow=["CC-0"])


def test_a_refused_licence_names_its_evidence():
    frame = documents("a", "b").assign(licence=["MIT", "GPL-3.0-only"], licence_from=["", "COPYING lines 1-9"])
    found = steps.licences(frame, allow=["MIT"])
    assert found.removed["other"].tolist() == ["GPL-3.0-only (COPYING lines 1-9)"]


def test_a_registry_without_wishes_removes_nothing(tmp_path):
    path = tmp_path / "opt-outs.csv"
    path.write_text("request,asked_on,kind,value,note\n", "utf-8")
    assert steps.opt_out(documents("a"), registry=path).removed.empty
    path.write_text("request,asked_on,kind,value,note\n4,2026-05-06,document,d0,\n5,2026-05-06,owner,kim,\n", "utf-8")
    found = steps.opt_out(documents("내 글", "내글", "남의 글"), registry=path)
    assert reasons(found) == {"d0": "opt-out", "d1": "opt-out: a copy of what was asked for"}
    assert found.removed["other"].tolist() == ["4", "4"]
    assert found.facts["unmatched"] == ["5"]


@pytest.mark.parametrize("name", [name for name in steps.STEPS if name != "opt-out"])
def test_every_step_takes_a_table_without_rows(name):
    needed = {"licences": {"allow": []}, "decontaminate": {"where": {"split": ["test"]}}}.get(name, {})
    empty = documents(licence=[], split=[], repository=[]).astype("str")
    outcome = steps.STEPS[name](empty, **needed)
    assert outcome.removed.empty
    assert outcome.apply(empty).empty
