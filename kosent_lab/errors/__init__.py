"""Where the model is wrong: slices, minimal pairs, hard cases, two models side by side, and their figures.

Works on prediction frames, without torch. How sure it may be lives in ``calibration``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
