"""What to say where no threshold of confidence can promise a risk: how many rows might, or that more would not."""

from __future__ import annotations

import numpy as np

from kosent_lab.core.exceptions import DataError


class UnreachableRiskError(DataError):
    """No threshold can promise the risk.

    With ``needed`` labelled rows one might, of which the magnitude alone is known, or, where ``kept``, with so many
    that are kept and right; None where more of the kind would not do.
    """

    def __init__(self, message: str, needed: int | None = None, *, kept: bool = False) -> None:
        super().__init__(message)
        self.needed, self.kept = needed, kept


def unreachable(
    n: int, kept: np.ndarray, errors: np.ndarray, max_risk: float, confidence: float, allowed: float, effect: np.ndarray
) -> UnreachableRiskError:
    """Say how many labelled rows would pass if they were like these."""
    from scipy import stats

    asked = f"at most {max_risk:.1%} of errors among the kept, {confidence:.0%} sure"
    few = f"no threshold of confidence can promise {asked}, from {n:,} labelled rows"
    there = kept > 0
    share, risk = kept[there] / max(1, n), (errors[there] + 0.5) / (kept[there] + 1)
    if n == 0 or not (risk < max_risk).any():
        fewest = int(np.ceil(np.log(allowed) / np.log(1 - max_risk) * effect.max()))
        many, wrong = kept[there] / effect[there], errors[there] / effect[there]
        least = np.nan_to_num(stats.beta.ppf(1 - confidence, wrong, many - wrong + 1))
        if n and least.min(initial=1.0) >= max_risk:  # surely, not by one wrong answer among the surest
            return UnreachableRiskError(
                f"{few}: even the surest of them are wrong too often. More rows would not help; a better model, or a "
                "larger risk, would.",
                None,
            )
        said = f"{few}. At least {fewest:,} that are kept and right would be needed."
        return UnreachableRiskError(said, fewest, kept=True)
    size = n
    while size < 10**8:
        size = int(size * 1.1) + 1
        rows = np.floor(share * size / effect[there])
        if (stats.binom.cdf(np.ceil(risk * rows), rows, max_risk) <= allowed)[risk < max_risk].any():
            break
    # of the magnitude alone: in redrawn tables a threshold was found at a fifth of it, or at twice as many not yet
    order = 10 ** (len(str(size)) - 1)
    return UnreachableRiskError(f"{few}. Some {order:,}s of rows like these might do.", size)
