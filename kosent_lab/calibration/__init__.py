"""How far a probability can be believed: measures, reliability, calibrators, abstention, and their figures.

Works on saved logits, without torch. Where a model is wrong lives in ``errors``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "outcomes": ["BINS", "RESAMPLES", "bin_numbers", "overconfidence", "labelled_numbers", "pair_groups"],
        "metrics": ["expected_calibration_error"],
        "summary": ["calibration_summary", "compare", "metrics_table"],
        "reliability": [
            "corp_curve",
            "reliability_diagram",
            "reliability_diagrams",
            "reliability_table",
            "smooth_curve",
        ],
        "temperature": ["Temperature", "fit_shift", "fit_temperature", "read_calibration"],
        "families": ["METHODS"],
        "calibrators": ["Calibrator", "fit_calibrator"],
        "calibrator_comparison": ["compare_calibrators"],
        "priors": ["estimate_share", "shift_of"],
        "unseen": ["calibrate_unseen"],
        "calibrator_choice": ["CalibratorChoice", "choose_calibrator"],
        "abstention": [
            "RiskThreshold",
            "UnreachableRiskError",
            "choose_threshold",
            "held_out_threshold",
            "risk_coverage",
            "threshold_summary",
        ],
        "rejection": ["compare_rejectors", "selective_summary"],
        "conformal": ["ConformalSets", "fit_conformal", "summarise_sets"],
        "plots": [
            "plot_counts",
            "plot_diagram",
            "plot_diagrams",
            "plot_promise",
            "plot_reliability",
            "plot_risk_coverage",
            "plot_visible",
        ],
    },
)
