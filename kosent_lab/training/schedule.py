"""How much of a run is over, and the learning rate that follows: up, flat, down to zero."""

from __future__ import annotations

from kosent_lab.training.options import TrainingOptions


def learning_rate_share(progress: float, options: TrainingOptions) -> float:
    """Return the share of the peak rate of the update after `progress` (0 to 1) of a run: up, flat, down to zero.

    Of a run of so many steps the first update is one step up, not at zero: where it is the only one it teaches.

    Examples
    --------
    >>> [learning_rate_share(p, TrainingOptions(warmup_share=0.1, decay_share=0.5)) for p in (0.05, 0.3, 0.75, 1.0)]
    [0.5, 1.0, 0.5, 0.0]
    """
    step = 1 / options.steps if options.steps else 0.0
    rise = (progress + step) / options.warmup_share if options.warmup_share else 1.0
    fall = (1.0 - progress) / options.decay_share if options.decay_share else 1.0
    return max(0.0, min(1.0, rise, fall))


def progress(state: dict[str, float], options: TrainingOptions) -> float:
    """Return how much of a run is over, 0 to 1."""
    share = state["step"] / options.steps if options.steps else state["seconds"] / (options.minutes * 60)
    return min(1.0, share)
