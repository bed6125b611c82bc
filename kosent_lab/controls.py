"""What every widget of the notebooks needs: ipywidgets or a word on how to get it, and a figure as PNG."""

from __future__ import annotations

import io
import logging
from types import ModuleType

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

logger = logging.getLogger(__name__)


def open_ipywidgets() -> ModuleType | None:
    """Return the module, or None where it is missing, after a warning that says how to get it."""
    try:
        import ipywidgets
    except ImportError:
        logger.warning("This widget needs ipywidgets in the kernel's environment: pip install ipywidgets.")
        return None
    return ipywidgets


def to_png(figure: Figure) -> bytes:
    """Return a figure as PNG, packed lightly: a widget draws often and keeps nothing."""
    out = io.BytesIO()
    FigureCanvasAgg(figure).print_png(out, pil_kwargs={"compress_level": 1})
    return out.getvalue()
