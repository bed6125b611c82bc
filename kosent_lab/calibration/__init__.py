"""How far a probability can be believed: measures, reliability, calibrators, abstention, and their figures.

Works on saved logits, without torch. Where a model is wrong lives in ``errors``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
