"""Numbers as pages print them."""

import re

import pytest

from kosent_lab.results import markdown


def test_intervals_are_printed_around_their_value():
    for low, value, high in [(0.0, 0.0, 0.1), (0.4, 0.5, 0.6), (0.9, 1.0, 1.0)]:
        shown = [float(part) for part in re.findall(r"\d+\.\d+", markdown.with_interval(value, low, high))]
        assert shown[1] <= shown[0] <= shown[2]
    assert markdown.with_interval(float("nan"), 0, 1) == markdown.NOTHING


def test_a_difference_without_an_interval_is_refused():
    with pytest.raises(ValueError, match="needs a value and an interval"):
        markdown.points({"difference": 0.1, "ci_low": float("nan"), "ci_high": 0.2})
