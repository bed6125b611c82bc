"""Weights into a callable: devices, classifiers loaded safely, the lean forward pass, ELECTRA made and deepened.

Texts become logits in ``scoring``; weights are taught in ``training``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
