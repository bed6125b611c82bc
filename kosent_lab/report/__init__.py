"""Tables and figures into one page: assessed once, said in sentences, laid out in sections.

Nothing is measured here that ``calibration``, ``errors`` or ``tokenization`` could measure.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
