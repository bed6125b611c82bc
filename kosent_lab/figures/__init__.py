"""One style for all drawings: the Korean font, the colours, and what every plot starts from.

What is drawn lives beside its numbers, in the ``plots`` of each wing.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
