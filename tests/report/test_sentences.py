import dataclasses
import re
import string
import tomllib

import numpy as np
import pandas as pd
import pytest

from kosent_lab.calibration.calibrators import fit_calibrator
from kosent_lab.calibration.temperature import Temperature
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.josa import josa_agrees
from kosent_lab.core.schema import with_correct
from kosent_lab.report import sentences
from kosent_lab.report.assessment import assess
from kosent_lab.report.sentences import CATALOGUE
from kosent_lab.report.written import Written
from kosent_lab.scoring.answers import add_predictions

FIELDS = string.Formatter()


def placeholders(sentence):
    return {name for _, name, _, _ in FIELDS.parse(sentence) if name}


def test_both_languages_say_the_same():
    english, korean = sentences.catalogue("en"), sentences.catalogue("ko")
    assert english.keys() == korean.keys()
    for key in english:
        assert placeholders(english[key]) == placeholders(korean[key]), key
    with pytest.raises(DataError, match="speaks en or ko"):
        sentences.catalogue("fr")


def test_every_sentence_is_used():
    sources = "".join(
        (sentences.TEMPLATES.parent / f"{name}.py").read_text()
        for name in (
            "page",
            "sections",
            "text_sections",
            "model_sections",
            "reading_section",
            "sentences",
            "named",
            "written",
            "layout",
        )
    )
    sources += (sentences.TEMPLATES / "report.html").read_text()
    built = ("m_", "g_", "s_", "p_", "c_", "called_", "b_", "v_", "failed_")  # keys that are put together from a name
    for key in sentences.catalogue("en"):
        assert key in sources or key.startswith(built) or key == "language_name", key


def test_findings_carry_the_measured_numbers(pack_part):
    frame = pack_part.assessment.frame
    said = " ".join(sentences.findings(pack_part.assessment, "en"))
    correct = frame["correct"].dropna()
    assert f"Of {len(correct):,} labelled texts the model gets {correct.mean() * 100:.1f}% right" in said
    neutral = frame[frame["polarity"] == "neutral"]
    positive = int((neutral["pred"] == 1).sum())
    assert f"The {len(neutral)} neutral texts" in said
    called = f"it calls {len(neutral) - positive} of them negative and {positive} positive"
    assert f"{called}, which is {100 * positive / len(neutral):.1f}% (" in said


@pytest.mark.parametrize(("scale", "word"), [(3.0, "surer than right"), (1 / 3, "less sure than right")])
def test_over_and_underconfidence_are_said_by_the_interval_of_the_gap(scored, scale, word):
    honest = scored.assign(
        logit_0=scored["logit_0"] / 2, logit_1=scored["logit_1"] / 2
    )  # what the labels were drawn by
    frame = Temperature(1 / scale).apply(honest).drop(columns="calibrator")
    assessment = assess(frame)
    gap, low, high = assessment.overconfidence
    assert low < gap < high
    assert (low > 0) == (scale > 1)
    assert any(word in sentence for sentence in sentences.findings(assessment, "en"))


@pytest.mark.parametrize(
    ("temperature", "key"), [(2.0, "f_after_better"), (0.4, "f_after_worse"), (1.0, "f_after_same")]
)
def test_what_a_temperature_does_is_said_by_the_interval_of_the_difference(scored, temperature, key):
    assessment = assess(scored, Temperature(temperature))
    said = [s for s in sentences.findings(assessment, "en") if s.startswith("Dividing the logits")]
    assert len(said) == 1
    words = {"f_after_better": "better", "f_after_worse": "worse", "f_after_same": "no sure difference"}
    assert words[key] in said[0]
    # harm is told right behind the accuracy, what helps in its place
    found = sentences.findings(assessment, "en")
    before = next(number for number, one in enumerate(found) if "confidence is" in one)
    assert (found.index(said[0]) < before) == (key == "f_after_worse")


def test_the_worst_slice_and_the_threshold_are_of_rows_that_had_no_part_in_the_choice(scored):
    bad = scored.index[:160]
    wrong = scored.assign(domain="film")
    wrong.loc[bad, "domain"] = "app"
    wrong.loc[bad, ["logit_0", "logit_1"]] = wrong.loc[bad, ["logit_1", "logit_0"]].to_numpy()
    wrong.loc[bad, "prob_1"] = 1 - wrong.loc[bad, "prob_1"]
    wrong = wrong.assign(pred=(wrong["prob_1"] > 0.5).astype(int))
    wrong = wrong.assign(correct=(wrong["pred"] == wrong["label"]).astype("boolean"))
    assessment = assess(wrong)
    worst = assessment.worst
    assert worst["conditions"] == (("domain", "app"),)
    assert worst["worst_share"] > 0.9
    assert worst["difference"] < 0
    said = " ".join(sentences.findings(assessment, "en"))
    assert f"“domain” is “app”: −{-worst['difference'] * 100:.1f} points against the rest, which chance" in said
    assert f"Of all {int(worst['n'])}, those it was picked by, it gets {worst['accuracy'] * 100:.1f}% right" in said
    assert any("Check answers by hand where “domain” is “app”" in s for s in sentences.advice(assessment, "en"))
    assert assess(scored.assign(domain="film")).worst is None


def test_a_threshold_is_told_with_its_promise_or_with_what_is_missing(scored):
    """Promised where the rows prove it; else how many would; never chosen on test rows."""
    many = pd.concat([scored] * 3, ignore_index=True)
    good = many.assign(label=many["pred"].where(many["confidence"] > 0.55, 1 - many["pred"]))
    assessment = assess(good)
    point = assessment.threshold
    assert point["n"] + point["n_chosen"] == 1_200
    said = " ".join(sentences.findings(assessment, "en"))
    assert f"keeps {point['coverage'] * 100:.1f}% of the other 600" in said
    few = assess(good.head(80))
    assert (
        "several hundred like these"
        in " ".join(sentences.findings(few, "en")).split("No threshold of confidence can promise")[1]
    )
    assert any("cannot prove that of any threshold" in line for line in sentences.advice(few, "en"))
    hopeless = assess(good.assign(label=1 - good["pred"]))
    assert "even the surest are wrong too often" in " ".join(sentences.findings(hopeless, "en"))
    tested = assess(good.assign(split="test"))
    assert "test rows, on which no threshold may be chosen" in " ".join(sentences.findings(tested, "en"))
    assert not any("threshold" in line for line in sentences.advice(tested, "en"))


def test_a_user_without_labels_is_told_what_to_do(scored):
    bare = scored.assign(label=pd.array([pd.NA] * len(scored), dtype="Int64"), correct=pd.NA)
    assert any("have no label" in sentence for sentence in sentences.findings(assess(bare), "en"))
    assert dataclasses.is_dataclass(assess(bare))


@pytest.mark.parametrize("digit", range(10))
def test_a_particle_behind_a_number_has_the_form_of_its_sound(digit):
    for form in re.findall(r"\{\w+:([가-힣]+)\}", CATALOGUE.read_text("utf-8")):
        written = f"{Written(f'0.06{digit}'):{form}}"
        assert josa_agrees(f"0.06{digit}", written.removeprefix(f"0.06{digit}"))


def test_no_sentence_fixes_the_form_of_a_particle_behind_a_number():
    korean = tomllib.loads(CATALOGUE.read_text("utf-8"))["ko"]
    ends = {
        "accuracy",
        "confidence",
        "coverage",
        "risk",
        "share",
        "whole",
        "unknown",
        "constant",
        "positive",
    }  # in %, which ends in a vowel
    named = {"temperature", "method"}  # in brackets
    for key, sentence in korean.items():
        for name, _ in re.findall(r"\{(\w+)\}(은|는|을|를|이|가|과|와|으로|로)(?![가-힣])", sentence):
            assert name in ends | named, (key, name)


@pytest.mark.parametrize("scale", [3.0, 1.0, 1 / 3])
def test_no_interval_of_a_sentence_is_printed_upside_down(scored, scale):
    """Where a change is told as a fall its bounds change their places, not their signs alone."""
    frame = scored.assign(logit_0=scored["logit_0"] * scale, logit_1=scored["logit_1"] * scale)
    frame = add_predictions(frame, frame[["logit_0", "logit_1"]].to_numpy())
    for temperature in (0.5, 2.0):
        said = " ".join(sentences.findings(assess(frame, Temperature(temperature)), "en"))
        found = re.findall(r"\((?:95% interval )?([−+]?\d[\d.]*)%? to ([−+]?\d[\d.]*\d)", said)
        numbers = [[float(number.replace("−", "-")) for number in one] for one in found]
        assert len(numbers) > 2
        assert all(low <= high for low, high in numbers), found


def unequal(scored, share, wrong, missed=0.0):
    """Return 400 rows of which `share` are positive, `wrong` of the negative ones answered positive, and `missed` of
    the positive ones negative.
    """
    label = (np.arange(400) < 400 * share).astype(int)
    answer = label.copy()
    for value, part in ((0, wrong), (1, missed)):
        rows = np.flatnonzero(label == value)
        answer[rows[: round(part * len(rows))]] = 1 - value
    odds = np.where(answer == 1, 2.0, -2.0)
    frame = scored.head(400).assign(label=label, text=[f"글 {n}" for n in range(400)])
    return add_predictions(frame, np.stack([np.zeros(400), odds], axis=1))


def test_a_constant_answer_and_the_probability_of_positive_are_told(scored):
    frame = unequal(scored, 0.9, 0.5, 0.2)
    said = " ".join(sentences.findings(assess(frame), "en"))
    assert "surely fewer than always answering positive would get right, 90.0%" in said
    assert "probability of positive is too low here" in said
    said = " ".join(sentences.findings(assess(unequal(scored, 0.5, 0.1)), "en"))
    assert "Always answering positive would get 50.0% right. By label it gets 90.0% of the negative texts right" in said
    assert "surely fewer" not in said


def test_copies_with_both_labels_bound_what_can_be_right(scored):
    frame = unequal(scored, 0.5, 0.0).assign(text=["같은 글"] * 10 + [f"글 {n}" for n in range(390)])
    frame.loc[frame.index[:4], "label"] = 0
    said = " ".join(sentences.findings(assess(frame), "en"))
    assert "10 labelled texts say the same as another and have the other label" in said
    assert "can get 99.0% right at most" in said


def test_a_promise_says_how_many_neutral_texts_it_lets_through(scored):
    frame = unequal(scored, 0.5, 0.02)
    neutral = frame.head(50).assign(label=pd.NA, polarity="neutral", doc_id=[f"n{n}" for n in range(50)])
    both = pd.concat([frame.assign(polarity="positive"), neutral], ignore_index=True)
    said = " ".join(sentences.findings(assess(with_correct(both.drop(columns="correct"))), "en"))
    assert "of the 50 neutral texts (100.0%) get as sure an answer" in said


def test_a_calibrator_that_changes_answers_says_for_which_label(scored):
    frame = unequal(scored, 0.8, 0.3)
    fitted = fit_calibrator(unequal(scored, 0.8, 0.3, 0.2).assign(doc_id="c", text=""), method="platt")
    fitted = dataclasses.replace(fitted, parameters={"coefficients": [1.0, 2.5]})
    said = " ".join(sentences.findings(assess(frame, fitted), "en"))
    assert "It changes 56 answers" in said
    assert "of negative texts 0.0% are right instead of 70.0%" in said
