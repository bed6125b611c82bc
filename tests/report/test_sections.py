import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from kosent_lab import calibration, errors
from kosent_lab.report import named, sections, sentences
from kosent_lab.report.assessment import assess
from kosent_lab.report.text_sections import found_kinds
from kosent_lab.report.written import with_interval
from kosent_lab.scoring.answers import add_predictions

T = sentences.catalogue("en")


def test_a_figure_has_its_numbers_in_a_table_too(scored):
    """A picture alone tells nothing to who cannot see it."""
    halves = assess(scored.assign(domain=np.where(scored.index % 2, "film", "app")))
    kept = sections.coverage(halves, T).table.body
    assert [row[0] for row in kept] == ["100.0%", "80.0%", "60.0%", "40.0%", "20.0%"]
    curve = halves.curve.set_index("n")["selective_risk"]
    assert [row[2] for row in kept] == [f"{curve[int(row[1])] * 100:.1f}%" for row in kept]
    assert all(re.fullmatch(r"[\d.]+–[\d.]+%", row[3]) for row in kept)
    _, drawn = halves.slice_diagrams
    slices = sections.reliability_slices(halves, T).table.body
    assert {row[0]: row[2] for row in slices} == {name: f"{table.ece[0]:.3f}" for name, table in drawn.items()}
    for section in (made(halves, T) for made in (sections.reliability, sections.slices)):
        assert section.table is not None


def test_of_few_texts_the_picture_gives_no_interval_that_the_table_withholds(scored):
    few = assess(scored.head(20))
    assert np.isnan(few.diagrams["before"].ece[1])
    ax = calibration.plot_diagram(few.diagrams["before"])
    said = ax.texts[0].get_text()
    plt.close(ax.figure)
    assert re.fullmatch(r"n = \d+\nECE \d\.\d{3}", said)


def test_the_slice_that_advice_names_stands_in_the_table(scored, monkeypatch):
    """However many others are shown before it."""
    bad = scored.index[:160]
    frame = scored.assign(domain=np.where(scored.index.isin(bad), "app", "film"))
    frame.loc[bad, ["logit_0", "logit_1"]] = frame.loc[bad, ["logit_1", "logit_0"]].to_numpy()
    frame = add_predictions(frame, frame[["logit_0", "logit_1"]].to_numpy())
    assessment = assess(frame)
    assert errors.told_slice(assessment.slice_search)["conditions"] == (("domain", "app"),)
    monkeypatch.setattr(sections, "SHOWN_CAUSES", 0)
    assert [row[0] for row in sections.causes(assessment, T).table.body] == ["“domain” is “app”"]


def test_a_slice_that_was_seldom_the_worst_is_not_called_the_most_frequent():
    row = pd.Series({"p_adjusted": 0.7, "worst_share": 1 / 40})
    assert sentences._of_worst(row) == "f_worst_none"
    assert sentences._of_worst(row.replace(1 / 40, 0.4)) == "f_worst_unsure"


@pytest.mark.parametrize("language", sentences.LANGUAGES)
def test_no_name_is_empty_and_no_number_ends_a_sentence_too_soon(language):
    t = sentences.catalogue(language)
    assert named.slice_value("매장", "  ", t) == t["blank_value"]
    said = t["c_personal"].format(found=found_kinds({"phone": 1}, t))
    assert ("phone numbers: 1. Not looked for" in said) if language == "en" else ("전화번호 1건. 이름" in said)


def test_a_share_is_written_as_its_language_writes_it():
    assert with_interval(0.154, 0.114, 0.206, T) == "15.4% (11.4–20.6%)"
    assert with_interval(0.154, 0.114, 0.206, sentences.catalogue("ko")) == "15.4%(11.4~20.6%)"


def test_saved_answers_ask_to_look_the_texts_up(scored):
    from kosent_lab.report.parts import from_frame

    part = from_frame(scored.drop(columns="text", errors="ignore").assign(length_band="1-10"), calibrator=None)
    assert "look the rows up" in sections.mistakes(part, T).notes[0]
