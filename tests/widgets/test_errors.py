import asyncio

import numpy as np
import pandas as pd
import pytest

from kosent_lab import errors
from kosent_lab.core.exceptions import DataError
from kosent_lab.errors.tags import read_tags
from kosent_lab.report.model_view import ModelView
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.widgets import errors as explorer
from tests.widgets import apart


@pytest.fixture(scope="module")
def table(tiny, pack):
    return errors.add_slices(predict_frame(pack.head(120), tiny))


def test_rows_are_filtered_and_sorted(table):
    rows, total = explorer.list_rows(table)
    wrong = table[table["correct"].eq(False).fillna(False)]
    assert len(rows) == min(len(wrong), explorer.LISTED)
    assert total == len(wrong)
    assert table.loc[rows[0][1], "confidence"] == wrong["confidence"].max()
    assert "→" in rows[0][0]
    everything, _ = explorer.list_rows(table, only_mistakes=False, order="least sure first")
    assert len(everything) == 120
    assert table.loc[everything[0][1], "confidence"] == table["confidence"].min()
    some, _ = explorer.list_rows(table, name="has_negation: True", only_mistakes=False)
    assert len(some) == table["has_negation"].sum()


def test_every_row_stands_on_some_page(table, monkeypatch):
    monkeypatch.setattr(explorer, "LISTED", 50)
    pages = [explorer.list_rows(table, only_mistakes=False, page=number) for number in (1, 2, 3, 4)]
    assert [len(rows) for rows, _ in pages] == [50, 50, 20, 0]
    assert {total for _, total in pages} == {120}
    assert {label for rows, _ in pages for _, label in rows} == set(table.index)


def test_an_edit_tells_of_the_answer_before_it(tiny):
    view = ModelView(tiny)
    assert "before the edit 0.999 (−" in explorer.explain_text("국물이 싱거워요", view, before=0.999)
    assert "before the edit" not in explorer.explain_text("국물이 싱거워요", view)


@apart
def test_within_a_notebook_s_loop_the_list_stands_before_its_first_row_is_read(tiny, table, monkeypatch):
    read = []
    monkeypatch.setattr(explorer, "describe_row", lambda row, *_: read.append(row.name) or "read")

    async def choose():
        box = explorer.explore_errors(table, tiny)
        names, mistakes, _, _ = box.children[0].children
        for name in names.options[1:4]:
            names.value = name
        mistakes.value = False
        listed, before = len(box.children[1].options), list(read)
        await asyncio.sleep(0.3)
        return listed, before

    listed, before = asyncio.run(choose())
    assert listed
    assert before == []
    assert len(read) == 1  # of four lists the last one's


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "ㅋㅋ", "", "가" * 3_000, "only English", "\ud800 좋다"])
def test_any_text_is_explained_and_escaped(text, tiny):
    shown = explorer.explain_text(text, ModelView(tiny))
    assert "<script>" not in shown
    assert "probability of positive 0." in shown


def test_a_row_shows_morphemes_pieces_and_its_neighbour(tiny, table):
    nearest = explorer.Nearest(["국물이 진하고 좋아요", "배우가 멋져요", ""])
    row = pd.Series({"text": "국물이 진하지 않아요"})
    shown = explorer.describe_row(row, ModelView(tiny), nearest)
    assert "국물이 [NNG+JKS]" in shown
    assert "국물이 진하고 좋아요" in shown
    assert explorer.Nearest([])("무엇") == ""
    assert nearest("zzz") == ""
    assert "(of the first" not in shown


def test_a_neighbour_is_not_called_the_nearest_of_texts_that_were_not_compared(tiny, monkeypatch):
    monkeypatch.setattr(explorer, "COMPARED", 1)
    nearest = explorer.Nearest(["국물이 진하고 좋아요", "배우가 멋져요"])
    shown = explorer.describe_row(pd.Series({"text": "배우가 별로예요"}), ModelView(tiny), nearest)
    assert "nearest text that is read rightly (of the first 1)" in shown


@apart
def test_the_widget_filters_edits_and_tags(tiny, table, tmp_path):
    path = tmp_path / "tags.csv"
    box = explorer.explore_errors(table, tiny, tags=path)
    controls, rows, about, field, answer, tagging, said = box.children
    names, mistakes, _, page = controls.children
    cause, note, tag = tagging.children
    assert rows.value == rows.options[0][1]
    assert "pieces" in about.value
    before = answer.value
    field.value = "아주 다른 글이에요"
    assert answer.value != before
    assert "다른" in answer.value
    cause.value, note.value = "irony", "메모"
    tag.click()
    assert "1 tags in tags.csv" in said.value
    assert read_tags(path)[["corpus", "note"]].to_numpy().tolist() == [[table["corpus"].iloc[0], "메모"]]
    path.write_text("broken by hand\n")
    tag.click()
    assert "begins with corpus,doc_id,cause,note,time" in said.value
    mistakes.value = False
    assert len(rows.options) == 120
    names.value = next(name for name in names.options if name.startswith("has_"))
    assert " of " in said.value
    assert page.value == 1
    field.value = " "
    assert answer.value == "Type a text."


def test_a_frame_without_texts_is_refused(tiny, table):
    with pytest.raises(DataError, match="exploring errors needs column 'text'"):
        explorer.explore_errors(table.drop(columns="text"), tiny)


def test_a_row_without_a_text_is_no_neighbour(tiny):
    frame = pd.DataFrame({"text": ["영화관은 정말 크다", None, "배우가 별로였다"], "doc_id": list("abc")})
    frame = predict_frame(frame.assign(label=pd.array([1, 0, 0], dtype="Int64")), tiny)
    box = explorer.explore_errors(frame.assign(correct=True), tiny)
    box.children[0].children[1].value = False
    assert len(box.children[1].options) == 3


@apart
def test_rows_with_one_index_stay_apart(tiny, table):
    twins = pd.concat([table.head(5), table.head(5)])
    box = explorer.explore_errors(twins, tiny)
    box.children[0].children[1].value = False
    assert len({value for _, value in box.children[1].options}) == 10
    assert np.isfinite([float(line[:4]) for line, _ in box.children[1].options]).all()
