import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from kosent_lab import calibration, figures
from kosent_lab.core.exceptions import DataError
from tests.calibration.test_summary import over, rows


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


@pytest.mark.parametrize("of", ["confidence", "positive"])
def test_the_diagram_says_what_was_computed(ax, of):
    diagram = calibration.reliability_diagram(rows(2_000, seed=1, truth=over), of=of, resamples=100)
    assert calibration.plot_diagram(diagram, ax=ax, label="ours") is ax
    curve = next(line for line in ax.lines if line.get_label() == "ours")
    # drawn with fewer points, and nowhere off by more than the eye sees
    at = np.interp(diagram.corp["probability"], curve.get_xdata(), curve.get_ydata())
    assert np.abs(at - diagram.corp["frequency"]).max() < 0.01
    assert len(curve.get_xdata()) < len(diagram.corp)
    value, low, high = diagram.ece
    assert ax.texts[0].get_text() == f"n = 2,000\nECE {value:.3f} ({low:.3f}–{high:.3f})"
    counts = np.array([bar.get_height() for bar in ax.patches])
    assert (counts / counts.max()).tolist() == pytest.approx(
        (diagram.bins["count"] / diagram.bins["count"].max()).tolist()
    )
    assert plt.get_fignums() == [ax.figure.number]


def test_the_diagram_measures_as_the_summary_does():
    frame = rows(1_000, seed=2, truth=over).assign(pair_id=[f"p{n // 2}" for n in range(1_000)])
    frame.loc[:99, "label"] = pd.NA
    diagram = calibration.reliability_diagram(frame, resamples=100)
    table = calibration.calibration_summary(frame, resamples=100).set_index(["of", "metric"])
    expected = table.loc[("confidence", "ece"), ["value", "ci_low", "ci_high"]]
    assert list(diagram.ece) == expected.tolist()
    with pytest.raises(DataError, match="no row has a label"):
        calibration.reliability_diagram(frame.assign(label=pd.array([None] * 1_000, dtype="Int64")))


def test_bins_of_equally_many_rows_rebuild_the_error():
    frame = rows(1_500, seed=3, truth=over)
    table = calibration.reliability_table(frame, strategy="mass", resamples=0)
    assert table["count"].tolist() == [100] * 15
    error = (table["gap"].abs() * table["count"]).sum() / 1_500
    summary = calibration.calibration_summary(frame, resamples=0).set_index(["of", "metric"])["value"]
    assert error == pytest.approx(summary.loc[("confidence", "ace")])
    assert (table["bin_lower"].to_numpy()[1:] == table["bin_upper"].to_numpy()[:-1]).all()
    with pytest.raises(DataError, match="'width' or 'mass'; got 'even'"):
        calibration.reliability_table(frame, strategy="even")


def test_the_promise_and_what_is_visible_are_marked(ax):
    frame = rows(5_000, seed=5)
    found = calibration.choose_threshold(frame, max_risk=0.1)
    calibration.plot_risk_coverage(calibration.risk_coverage(frame), ax=ax)
    calibration.plot_promise(found, ax=ax)
    x, y = ax.lines[-1].get_xydata()[0]
    assert (x, y) == pytest.approx((found.coverage * 100, found.wrong / found.kept * 100))
    curve = ax.lines[0].get_xydata()
    assert np.interp(x, curve[:, 0], curve[:, 1]) == pytest.approx(y, abs=0.3)
    table = pd.DataFrame({"n": [100, 1_000], "ece_by_chance": [0.09, 0.03], "ece_visible": [0.1, 0.03]})
    calibration.plot_visible(table, ax=ax)
    assert ax.get_xscale() == "log"


def test_small_multiples_share_a_scale_and_name_what_they_show():
    frame = rows(900, seed=3, truth=over).assign(domain=["식당"] * 500 + ["$영화$"] * 350 + ["병원"] * 50)
    tables = calibration.reliability_diagrams(frame, by="domain", resamples=50)
    assert list(tables) == ["식당", "$영화$"]  # the largest first; fifty rows say nothing
    assert [table.n for table in tables.values()] == [500, 350]
    with figures.style():  # Hangul in the titles
        drawn = calibration.plot_diagrams(tables | {"again": tables["식당"]}, columns=2)
        drawn[0].figure.canvas.draw()  # a dollar in a name is no formula
    assert len(drawn) == len(drawn[0].figure.axes) == 3
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in drawn}) == 1
    assert [bool(ax.get_ylabel()) for ax in drawn] == [True, False, True]
    assert [bool(ax.get_xlabel()) for ax in drawn] == [False, True, True]
    titles = drawn[0].get_title(loc="left") or drawn[0].get_title()  # the style sets it to the left
    assert titles.startswith("식당\nn = 500, ECE 0.")
    plt.close(drawn[0].figure)
    assert calibration.reliability_diagrams(frame, by="domain", fewest=501) == {}
    stars = frame.assign(stars=np.where(frame["label"] == 1, 5.0, 1.0))  # each of one label
    stars.loc[stars.index % 3 == 0, "stars"] = 3.0
    assert list(calibration.reliability_diagrams(stars, by="stars", fewest=10, resamples=10)) == ["3"]
    with pytest.raises(DataError, match="shop"):
        calibration.reliability_diagrams(frame, by="shop")


def test_no_tables_draw_nothing():
    assert calibration.plot_diagrams({}) == []


def test_without_resamples_pairs_have_no_bounds():
    frame = rows(60, seed=1).assign(pair_id=[f"p{i // 2}" for i in range(60)])
    table = calibration.metrics_table(frame, resamples=0).set_index("metric")
    assert table.loc["ece", ["ci_low", "ci_high"]].isna().all()


def test_bins_and_sets_count_a_minimal_pair_once():
    frame = rows(400, seed=6)
    twice = pd.concat([frame, frame], ignore_index=True).assign(pair_id=[f"p{i % 400}" for i in range(800)])
    for resamples in (0, 300):
        one, both = (calibration.reliability_table(f, resamples=resamples) for f in (frame, twice))
        width = [(t["ci_high"] - t["ci_low"])[one["count"] > 20].mean() for t in (one, both)]
        assert width[1] > 0.9 * width[0]
    sets = calibration.fit_conformal(rows(400, seed=7), alpha=0.1)
    first, second = (calibration.summarise_sets(sets.apply(f)).iloc[0] for f in (frame, twice))
    assert second["ci_high"] - second["ci_low"] > 0.9 * (first["ci_high"] - first["ci_low"])
