"""Controls for notebooks, one file a widget: each over a figure that stands without it and a plain function.

What they show is computed and drawn in the wings above.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
