"""How far a probability can be believed: measures, reliability, calibrators, abstention, and their figures.

Works on saved logits, without torch. Where a model is wrong lives in ``errors``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "metrics": [
            "BINS",
            "RESAMPLES",
            "bin_numbers",
            "ece_difference",
            "ece_interval",
            "expected_calibration_error",
            "labelled_numbers",
            "metrics_table",
        ],
        "reliability": ["reliability_table"],
        "calibrators": ["Temperature", "fit_shift", "fit_temperature", "read_calibration"],
        "calibrator_choice": ["CalibratorChoice", "choose_calibrator"],
        "abstention": ["held_out_threshold", "risk_coverage", "threshold_for_risk", "threshold_summary"],
        "plots": ["plot_counts", "plot_reliability", "plot_risk_coverage"],
    },
)
