"""Text into weights: one loop, its optimizers, schedule and checkpoints, pretraining, fine-tuning, the cheap rival.

Architectures live in ``models``; whether a recipe is better is asked in ``studies``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
