"""How Korean is written: morphemes and particles of any text, their readings kept, treebanks to prove them,
and a grammar that sentences are drawn from.

How a tokenizer cuts the same characters lives in ``tokenization``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
