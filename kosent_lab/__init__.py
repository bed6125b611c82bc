"""Study a Korean sentiment classifier: where it errs and how far it can be trusted.

Import the module that you need (``from kosent_lab import calibration``); nothing is re-exported
here, so that an import line names the file to open.
"""

__version__ = "0.1.0"
