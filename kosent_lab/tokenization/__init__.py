"""How Korean is cut: vocabularies learnt, tokenizers at hand, and their pieces laid over morphemes.

Reading morphemes lives in ``korean``; what a model makes of the pieces in ``scoring``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
