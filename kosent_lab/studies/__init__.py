"""Long questions with kept tables: particles, transfer to other domains, recipes, speed, the notebooks themselves.

What one table says is measured in the wings above; here many are made and kept (``data/studies``).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
