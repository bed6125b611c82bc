"""What every other wing agrees on: names and checks, Hangul, files, places, intervals, the network.

No table is drawn here and no model is loaded; corpora live in ``corpora``, figures in ``figures``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
