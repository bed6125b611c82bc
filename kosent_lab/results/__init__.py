"""The numbers of the repository's pages: kept answers and measurements into tables, tables into marked regions.

Long questions are asked in ``studies``; what one table says is measured in the wings above it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
