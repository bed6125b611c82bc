"""Change the text, watch the model: particles changed beside a control, suites of what a model should do.

Reading particles lives in ``korean``, scoring in ``scoring``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
