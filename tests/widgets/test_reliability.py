import matplotlib.pyplot as plt
import pytest

from kosent_lab import calibration
from kosent_lab.core.exceptions import DataError
from kosent_lab.widgets import reliability


@pytest.fixture
def frame(scored):
    return scored.assign(domain=["film"] * 300 + ["app"] * 100)


def parts(widget):
    row, sentence = widget.children
    left, image = row.children
    return (*left.children, sentence, image)


def test_the_sentence_counts_what_the_table_and_the_summary_count(frame):
    film = frame[frame["domain"] == "film"]
    table = calibration.reliability_table(film, bins=10, strategy="mass", resamples=0)
    error = (table["count"] * table["gap"].abs()).sum() / 300
    kept = calibration.threshold_summary(film, threshold=0.8)
    told = {"name": "domain: film", "bins": 10, "strategy": "mass", "threshold": 0.8}
    text = reliability.reliability_text(frame, **told)
    assert f"n = 300: calibration error {error:.4f} in 10 bins of equally many rows" in text
    assert f"keeps {kept['coverage']:.1%}, of which {kept['selective_risk']:.1%} are wrong" in text


def test_every_control_changes_sentence_and_figure(frame):
    half = frame.head(200)
    widget = reliability.explore_reliability(frame, calib=half)
    names, views, calibrators, bins, strategies, slider, sentence, image = parts(widget)
    assert sentence.value == reliability.reliability_text(frame)
    mended = calibration.fit_calibrator(half, method="platt").apply(frame)
    told, shown = {}, frame
    moves = [
        (bins, "bins", 20),
        (strategies, "strategy", "mass"),
        (views, "of", "positive"),
        (slider, "threshold", 0.8),
    ]
    for control, option, value in moves:
        before = bytes(image.value)
        control.value = value
        told[option] = value
        assert sentence.value == reliability.reliability_text(shown, **told), option
        assert bytes(image.value) != before
    calibrators.value = "platt"
    assert sentence.value == reliability.reliability_text(mended, **told)
    names.value = "domain: app"
    assert sentence.value == reliability.reliability_text(mended, name="domain: app", **told)
    assert bytes(image.value).startswith(b"\x89PNG")
    assert plt.get_fignums() == []


def test_without_rows_to_fit_on_there_is_no_calibrator(frame):
    calibrators = parts(reliability.explore_reliability(frame))[2]
    assert calibrators.options == ("none",)


def test_rows_without_labels_and_unknown_slices_are_told(frame):
    blank = frame.assign(label=frame["label"].mask(frame["domain"] == "app"))
    assert "no row has a label" in reliability.reliability_text(blank, name="domain: app")
    assert "keeps none" in reliability.reliability_text(frame, threshold=1.0)
    with pytest.raises(DataError, match="no row is in slice"):
        reliability.reliability_text(frame, name="domain: hotel")


def test_the_static_figure_is_drawn_anew_into_the_same_axes(frame):
    figure = reliability.draw_reliability(frame)
    counts = len(figure.axes[1].patches)
    assert reliability.draw_reliability(frame, of="positive", bins=5, figure=figure) is figure
    assert (counts, len(figure.axes[1].patches)) == (15, 5)
    assert figure.axes[0].get_xlim() == (0, 1)
