"""How many of unlabelled texts are positive, and what that tells a model: no label of theirs is needed."""

from __future__ import annotations

import numpy as np

from kosent_lab.calibration.outcomes import sigmoid
from kosent_lab.core.exceptions import DataError

PSEUDO = 2.0  # texts of either class that are added: of few texts the likelihood may be best at none


def estimate_share(log_odds: np.ndarray, *, taught: float = 0.5, pseudo: float = PSEUDO) -> float:
    """Estimate the share of positives among unlabelled texts by maximum likelihood.

    Holds where the texts of a class are like those of the same class that the model was calibrated on, and only how
    many there are of each is another matter: of texts that are read worse it is as far off as they are.

    Parameters
    ----------
    log_odds : ndarray of float, shape (n,)
        Of positive, calibrated where a share of `taught` is positive.
    taught : float
        Above 0 and below 1.
    pseudo : float
        Texts that count as seen of either class (a beta prior).

    Raises
    ------
    DataError
        When there is no text, a log-odds is no number, or `taught` is no share.

    References
    ----------
    Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori probabilities";
    Alexandari, Kundaje and Shrikumar 2020, "Maximum likelihood with bias-corrected calibration is hard-to-beat at label
    shift adaptation".

    Examples
    --------
    >>> round(estimate_share(np.array([3.0] * 90 + [-3.0] * 10)), 2)
    0.91
    """
    from scipy.optimize import brentq

    log_odds = np.asarray(log_odds, dtype="float64")
    if not len(log_odds) or not np.isfinite(log_odds).all():
        raise DataError(
            f"a share is estimated from log-odds, one or more; got {len(log_odds)}, not all of them numbers"
        )
    if not 0 < taught < 1:
        raise DataError(f"taught= is a share above 0 and below 1; got {taught}")

    def more(share: float) -> float:
        expected = sigmoid(log_odds + shift_of(share, taught)).sum()
        return float((expected + pseudo) / (len(log_odds) + 2 * pseudo)) - share

    end = 1e-9  # the likelihood has one peak, at a share that its own expectation gives again, or at an end
    if more(end) <= 0:
        return end
    if more(1 - end) >= 0:
        return 1 - end
    return float(brentq(more, end, 1 - end, xtol=1e-12))


def shift_of(share: float, taught: float = 0.5) -> float:
    """Return what to add to log-odds of a model that was calibrated where a share of `taught` is positive."""
    return float(np.log(share / (1 - share)) - np.log(taught / (1 - taught)))
