"""The command line: parse, call, print; one file a command group.

Everything that computes lives in the wings above.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
