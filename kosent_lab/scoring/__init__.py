"""Texts into logits: one encoder, batches, shards that a killed run finds again, saved answers.

Loading lives in ``models``; what the numbers are worth in ``calibration`` and ``errors``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
