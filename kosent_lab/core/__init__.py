"""What every other wing agrees on: names and checks, Hangul, files, places, intervals, the network.

No table is drawn here and no model is loaded; corpora live in ``corpora``, figures in ``figures``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "many": ["holm", "intervals_at_once"],
        "intervals": [
            "bootstrap_mean",
            "mcnemar",
            "paired_difference",
            "wilson_interval",
        ],
        "places": ["BUNDLED_FOLDER", "DATA_FOLDER", "PAIR_FOLDER"],
        "schema": ["DataError", "KosentError", "ModelError", "NotAvailableError", "TrainingError"],
        "files": ["frame_sha256"],
    },
)
