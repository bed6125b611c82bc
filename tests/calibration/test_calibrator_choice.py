import numpy as np
import pandas as pd
import pytest

from kosent_lab.calibration import Temperature, calibrator_choice, calibrator_comparison, choose_calibrator
from kosent_lab.calibration.calibrators import fit_calibrator
from kosent_lab.calibration.outcomes import TAUGHT
from kosent_lab.cli.options import CALIBRATORS
from kosent_lab.core.exceptions import DataError
from kosent_lab.report.assessment import assess
from kosent_lab.report.evaluation import evaluate
from kosent_lab.report.sections import calibrator_note
from kosent_lab.report.sentences import catalogue


@pytest.fixture
def frame(scored):
    return scored.assign(corpus="mine", text=[f"글 {n}" for n in range(400)])


def test_rows_given_are_fitted_on_and_those_shared_are_marked(frame):
    given = frame.head(100)
    choice = choose_calibrator(frame, {"temperature": 3.0, "fitted_on": "nsmc:calib"}, ("other.csv", given))
    assert choice.source == "other.csv"
    assert choice.used == frozenset(range(100))
    apart = choose_calibrator(frame.tail(300), None, ("other.csv", given))
    assert apart.used == frozenset()
    assert apart.calibrator.temperature == choice.calibrator.temperature


def test_the_same_texts_are_refused_whatever_their_ids(frame):
    again = frame.assign(doc_id=[f"other-{n}" for n in range(400)], text=frame["text"] + " !!")
    with pytest.raises(DataError, match=r"all 400 labelled texts would measure a calibration .*\(b.csv\)"):
        choose_calibrator(frame, None, ("b.csv", again))


def test_copies_without_letters_are_copies(frame):
    """Emoji alone leave no letters to compare; a calibrator would else be measured where it was fitted."""
    faces = [chr(0x1F600 + n % 60) * (1 + n // 60) for n in range(400)]
    emoji = frame.assign(text=faces)
    with pytest.raises(DataError, match="all 400 labelled texts would measure"):
        choose_calibrator(emoji, None, ("b.csv", emoji.assign(text=[f" {face} " for face in faces])))
    choice = choose_calibrator(emoji, None, ("b.csv", emoji.head(100)))
    assert choice.used == frozenset(range(100))
    fitted = fit_calibrator(emoji.head(100))
    assert fitted.apply(emoji)[TAUGHT].tolist() == [True] * 100 + [False] * 300
    assert assess(emoji.assign(text="👍")).copies.n == 399


def test_rows_without_a_label_fit_nothing_and_are_measured(frame):
    neutral = frame.assign(label=frame["label"].astype("Int64").mask(frame.index < 10), polarity="neutral")
    assert choose_calibrator(neutral, None, ("b.csv", neutral.head(60))).used == frozenset(range(10, 60))
    with pytest.raises(DataError, match="all 390 labelled texts would measure"):
        choose_calibrator(neutral, None, ("b.csv", neutral))


def test_a_few_labelled_rows_calibrate_the_rest(frame):
    """A table's own calibration rows, and the others without a label: nothing is measured, and all are mended."""
    own = frame.assign(
        split=["calib"] * 100 + ["test"] * 300, label=frame["label"].astype("Int64").mask(frame.index >= 100)
    )
    choice = choose_calibrator(own, {"temperature": 0.8, "fitted_on": "nsmc:calib"})
    assert choice.calibrator.n == 100
    assert not choice.bundled
    few = frame.assign(label=frame["label"].astype("Int64").mask(frame.index >= 40))
    with pytest.raises(DataError, match="all 40 labelled texts would measure"):
        choose_calibrator(few, None, ("b.csv", frame.head(60)))


def test_the_models_own_temperature_is_not_measured_where_it_was_fitted(frame):
    bundled = {"temperature": 0.8, "fitted_on": "nsmc:calib"}
    inside = frame.assign(corpus="nsmc", split="test")
    assert choose_calibrator(inside, bundled).calibrator == Temperature(0.8)
    # a part of them is
    some = inside.assign(doc_id=frame["doc_id"]).assign(split=["calib"] * 10 + ["test"] * 390)
    assert choose_calibrator(some.tail(390), bundled).used == frozenset()
    everything = choose_calibrator(inside.head(5).assign(split="calib"), bundled)
    assert everything.calibrator is None
    assert "fitted on these very texts (nsmc:calib)" in everything.failure


def test_test_rows_are_never_fitted_on(frame):
    for column in ("split", "official_split"):
        with pytest.raises(DataError, match="x:test: a temperature must not see the test split"):
            choose_calibrator(frame.tail(200), None, ("x:test", frame.head(200).assign(**{column: "test"})))


@pytest.mark.parametrize(
    ("fitted_on", "columns"),
    [
        ("nsmc:calib", {"corpus": "nsmc", "split": "calib", "official_split": "train"}),
        ("sentineg:dev", {"corpus": "sentineg", "official_split": "dev"}),
        ("data/mine.csv", {"corpus": "mine.csv"}),
    ],
)
def test_the_models_own_temperature_measures_no_row_that_it_was_fitted_on(frame, fitted_on, columns):
    known = {"temperature": 1.2, "fitted_on": fitted_on, "n": 9}
    rows = frame.assign(**columns, label=1)  # of one label: no temperature of its own is fitted
    choice = choose_calibrator(rows, known)
    assert choice.calibrator is None
    assert "fitted on these very texts" in choice.failure
    rows.loc[rows.index[:100], "corpus"] = pd.NA
    choice = choose_calibrator(rows, known)
    assert choice.calibrator == Temperature(1.2, n=9)
    assert (choice.bundled, choice.source) == (True, fitted_on)
    assert choice.used == frozenset(range(100, 400))


@pytest.mark.parametrize("method", calibrator_choice.CHOICES)
def test_any_family_is_fitted_on_the_rows_given(frame, method):
    given, measured = frame.head(250), frame.tail(150)
    choice = choose_calibrator(measured, None, ("other.csv", given), method=method)
    assert choice.calibrator.n == 250
    assert choice.used == frozenset()
    calibrated = choice.calibrator.apply(measured)
    assert calibrated["prob_1"].between(0, 1).all()
    assert "taught_calibrator" not in calibrated  # ids of two files may be alike; their texts are not
    assert 0 < choice.calibrator.accuracy < 1


def test_the_best_family_has_the_best_cross_fitted_likelihood(frame):
    ranked = calibrator_choice.compare_calibrators(frame, resamples=0)["method"]
    best = next(name for name in ranked if name != "none")
    choice = choose_calibrator(frame.head(9).assign(text="다른 글"), None, ("other.csv", frame), method="best")
    assert choice.calibrator.method == best


def test_a_family_without_rows_to_fit_it_on_is_told(frame, caplog):
    choice = choose_calibrator(frame, {"temperature": 1.2, "n": 9}, method="platt")
    assert choice.calibrator == Temperature(1.2, n=9)
    assert "no rows to fit a calibrator (platt) on: give some with --calib" in choice.failure
    assert "own temperature is used" in caplog.text


@pytest.mark.parametrize("method", ["platt", "isotonic", "best"])
def test_labels_that_are_upside_down_are_told_before_they_turn_answers_round(frame, caplog, method):
    given = frame.head(250).assign(label=1 - frame["label"].head(250))
    choice = choose_calibrator(frame.tail(150), None, ("other.csv", given), method=method)
    assert "are the labels upside down?" in choice.caution
    assert choice.caution in caplog.text
    assessment = assess(frame.tail(150), choice, resamples=5)
    assert evaluate(assessment)["calibration_caution"] == choice.caution
    for language, words in (("en", "are their labels upside down?"), ("ko", "거꾸로")):
        assert words in calibrator_note(assessment, catalogue(language))
    caplog.clear()
    assert choose_calibrator(frame.tail(150), None, ("a.csv", frame.head(250)), method=method).caution == ""
    assert caplog.text == ""


def test_the_command_line_offers_every_family():
    assert set(CALIBRATORS) == set(calibrator_choice.CHOICES)
    assert CALIBRATORS[0] == "temperature"


def test_a_family_that_has_no_best_value_on_a_part_is_left_out(frame, monkeypatch, caplog):
    fit = calibrator_comparison.fit_calibrator

    def fails(rows, *, method, **options):
        if method == "spline":
            raise DataError("spline has no best value on these rows")
        return fit(rows, method=method, **options)

    monkeypatch.setattr(calibrator_comparison, "fit_calibrator", fails)
    ranked = calibrator_comparison.compare_calibrators(frame, resamples=0)["method"].tolist()
    assert "spline" not in ranked
    assert "temperature" in ranked
    assert "spline is left out of the comparison: spline has no best value" in caplog.text


def test_where_no_calibrator_is_better_none_is_taken():
    random = np.random.default_rng(3)
    margin = random.normal(scale=2, size=40)
    label = (random.random(40) < 1 / (1 + np.exp(-margin))).astype(int)
    calib = pd.DataFrame(
        {"logit_0": 0.0, "logit_1": margin, "label": label, "prob_1": 0.5, "text": map(str, range(40))}
    )
    frame = calib.assign(text=[f"other {n}" for n in range(40)])
    best = calibrator_comparison.compare_calibrators(calib, resamples=0)["method"].iloc[0]
    assert best == "none"
    choice = choose_calibrator(frame, {"temperature": 1.3}, ("mine.csv", calib), method="best")
    assert choice.calibrator is None
    assert "no calibrator foretells the labels of mine.csv better" in choice.failure
