"""Named text with provenance: cards, the files behind them, their splits, and a user's own file.

How Korean is read lives in ``korean``, governed collections of sources in a wing of their own.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
