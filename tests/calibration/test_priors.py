import numpy as np
import pytest

from kosent_lab import calibration
from kosent_lab.calibration.outcomes import sigmoid
from kosent_lab.calibration.priors import estimate_share, shift_of
from kosent_lab.core.exceptions import DataError


def odds(share, *, n=20_000, seed=0):
    """Log-odds calibrated where half is positive, of texts of which another share is."""
    random = np.random.default_rng(seed)
    label = random.random(n) < share
    return random.normal(np.where(label, 2.0, -2.0), 2.0), label  # two normals of one variance: log-odds 1 * x


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.95])
def test_the_share_is_found_without_a_label(share):
    found, label = odds(share)
    assert estimate_share(found) == pytest.approx(label.mean(), abs=0.02)


def test_what_the_shift_makes_is_calibrated():
    found, label = odds(0.9)
    moved = sigmoid(found + shift_of(estimate_share(found)))
    assert moved.mean() == pytest.approx(label.mean(), abs=0.02)
    sure = (moved > 0.6) & (moved < 0.8)
    assert label[sure].mean() == pytest.approx(moved[sure].mean(), abs=0.05)


def test_of_few_texts_the_share_is_never_all():
    assert 0.5 < estimate_share(np.full(10, 9.0)) < 0.99


@pytest.mark.parametrize(("values", "taught"), [([], 0.5), ([float("nan")], 0.5), ([1.0], 1.0)])
def test_what_tells_no_share_is_refused(values, taught):
    with pytest.raises(DataError, match="share"):
        estimate_share(np.array(values), taught=taught)


def test_it_stands_in_the_wing():
    assert calibration.estimate_share is estimate_share


@pytest.mark.parametrize("spread", [2.0, 0.5, 0.1])
def test_the_share_is_the_likeliest_one_however_little_the_scores_say(spread):
    random = np.random.default_rng(0)
    positive = random.random(20_000) < 0.9
    odds = np.where(positive, 1, -1) * spread**2 / 2 + random.normal(0, spread, len(positive))
    shares = np.linspace(0.001, 0.999, 2_000)
    likelihood = [np.log(share * np.exp(odds) + 1 - share).sum() + 2 * np.log(share * (1 - share)) for share in shares]
    assert estimate_share(odds) == pytest.approx(shares[int(np.argmax(likelihood))], abs=1e-3)


def test_a_share_without_a_prior_may_be_none_or_all():
    assert estimate_share(np.full(20, 3.0), pseudo=0.0) == pytest.approx(1, abs=1e-6)
    assert estimate_share(np.full(20, -3.0), pseudo=0.0) == pytest.approx(0, abs=1e-6)
