import builtins

import ipywidgets
import matplotlib.pyplot as plt
import pytest

from kosent_lab import calibration
from kosent_lab.core.exceptions import DataError
from kosent_lab.widgets import threshold


@pytest.fixture
def frame(scored):
    return scored.assign(domain=["film"] * 300 + ["app"] * 100, rating=[4.0, 9.0] * 200)


def parts(widget):
    names, slider = widget.children[0].children
    return names, slider, widget.children[1], widget.children[2]


def test_the_sentence_says_what_the_summary_counts(frame):
    film = frame[frame["domain"] == "film"]
    summary = calibration.threshold_summary(film, threshold=0.8)
    text = threshold.threshold_text(frame, name="domain: film", threshold=0.8)
    assert f"keeps {summary['kept']:.0f} of 300 ({summary['coverage']:.1%}); {summary['wrong']:.0f} of them" in text
    assert f"{summary['selective_risk'] * 100:.1f}% (95% interval {summary['ci_low'] * 100:.1f}–" in text


def test_moving_a_control_changes_sentence_and_figure(frame):
    names, slider, sentence, image = parts(threshold.explore_threshold(frame, threshold=0.9))
    assert sentence.value == threshold.threshold_text(frame, threshold=0.9)
    before = bytes(image.value)
    slider.value = 0.75
    assert sentence.value == threshold.threshold_text(frame, threshold=0.75)
    names.value = "domain: app"
    assert sentence.value == threshold.threshold_text(frame, name="domain: app", threshold=0.75)
    assert bytes(image.value) != before
    assert bytes(image.value).startswith(b"\x89PNG")
    assert plt.get_fignums() == []


def test_slices_are_named_and_found_again(frame):
    names = threshold.slice_names(frame)
    assert names[0] == "all rows"
    assert "rating: 4" in names
    assert sum(len(threshold.choose_slice(frame, name)) for name in names if name.startswith("domain")) == len(frame)


def test_a_slice_without_rows_lists_the_slices(frame):
    with pytest.raises(DataError, match="no row is in slice 'domain: hotel'; there are all rows, domain: app"):
        threshold.choose_slice(frame, "domain: hotel")
    with pytest.raises(DataError, match="no row is in slice 'region: Seoul'"):
        threshold.threshold_text(frame, name="region: Seoul")


def test_a_threshold_that_keeps_nothing_says_so(frame):
    assert threshold.threshold_text(frame, threshold=1.0).endswith("keeps none of 400. Lower the threshold.")
    _, slider, sentence, _ = parts(threshold.explore_threshold(frame))
    slider.value = 1.0
    assert "keeps none" in sentence.value


def test_rows_without_labels_draw_and_say_so(frame):
    blank = frame.assign(
        label=frame["label"].mask(frame["rating"] == 4), correct=frame["correct"].mask(frame["rating"] == 4)
    )
    assert "no row has a label" in threshold.threshold_text(blank, name="rating: 4")
    threshold.draw_threshold(blank, name="rating: 4")


def test_the_static_figure_marks_the_threshold(frame):
    figure = threshold.draw_threshold(frame, threshold=0.8)
    left, right = figure.axes
    assert left.patches[-1].get_x() == 0.8
    summary = calibration.threshold_summary(frame, threshold=0.8)
    assert right.lines[-1].get_xydata()[0] == pytest.approx(
        [summary["coverage"] * 100, summary["selective_risk"] * 100]
    )
    again = threshold.draw_threshold(frame, threshold=0.7, figure=figure)
    assert again is figure
    assert len(again.axes[1].lines) == 2


def test_without_ipywidgets_a_warning_says_what_to_install(frame, monkeypatch, caplog):
    real = builtins.__import__

    def missing(name, *rest):
        if name == "ipywidgets":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    assert threshold.explore_threshold(frame) is None
    assert "pip install ipywidgets" in caplog.text


def test_the_widget_is_one_box(frame):
    assert isinstance(threshold.explore_threshold(frame), ipywidgets.VBox)
