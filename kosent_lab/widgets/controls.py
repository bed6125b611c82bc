"""What every widget of the notebooks needs: ipywidgets or a word on how to get it, and a figure as PNG."""

from __future__ import annotations

import logging
from html import escape
from types import ModuleType

logger = logging.getLogger(__name__)


def open_ipywidgets() -> ModuleType | None:
    """Return the module, or None where it is missing, after a warning that says how to get it."""
    try:
        import ipywidgets
    except ImportError:
        logger.warning("This widget needs ipywidgets in the kernel's environment: pip install ipywidgets.")
        return None
    return ipywidgets


def as_html(sentence: str) -> str:
    """Return a sentence for an ``HTML`` widget: that one breaks a long line, where a ``Label`` cuts it off."""
    return escape(sentence, quote=False)
