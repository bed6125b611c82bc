"""Where the model is wrong: slices, minimal pairs, hard cases, two models side by side, and their figures.

Works on prediction frames, without torch. How sure it may be lives in ``calibration``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "slices": [
            "LABEL_COLUMNS",
            "SLICE_COLUMNS",
            "TEXT_COLUMNS",
            "add_slices",
            "can_slice",
            "in_bands",
            "slice_table",
        ],
        "slice_search": ["SEARCHED", "SURELY", "find_slices", "surely_bad", "worst_slice"],
        "hard_cases": ["read_worse", "SURE", "confident_mistakes", "group_table", "ordinary_groups", "special_groups"],
        "pairs": ["paired_summary"],
        "cells": ["cell_table"],
        "comparison": ["compare_models", "compare_recipes", "comparison_result", "where_they_differ"],
        "readings": [
            "cohen_kappa",
            "corrected_accuracy",
            "noise_by_stratum",
            "read_taxonomy",
            "stratum_of",
        ],
        "three_way": ["CLASSES", "confusion_table", "limit_of_confidence", "macro_f1", "read_by_confidence"],
        "plots": ["plot_pairs", "plot_probabilities", "plot_slices"],
    },
)
