"""Texts into logits: one encoder, batches, shards that a killed run finds again, saved answers.

Loading lives in ``models``; what the numbers are worth in ``calibration`` and ``errors``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "answers": ["add_predictions"],
        "predict": ["classifier_function", "predict_frame"],
        "shards": ["score_file", "score_frame"],
        "saved": [
            "KEPT",
            "NAMES",
            "NEEDED",
            "SavedAnswers",
            "bundled_id",
            "load_scored",
            "load_scored_or_pack",
            "load_source",
            "read_card",
            "write_scored",
        ],
        "replaced": ["guess_pieces", "measure_detection", "replace_pieces"],
        "plots": ["plot_judged_pieces", "plot_padding"],
    },
)
