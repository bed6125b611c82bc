"""Governed corpora: licences, wishes to be left out, personal data, copies, provenance and versions of what teaches.

Imports ``core`` and ``corpora`` alone.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
