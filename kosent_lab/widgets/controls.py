"""What every widget of the notebooks needs: ipywidgets or a word on how to get it, escaped words, work put off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from html import escape
from types import ModuleType
from typing import TYPE_CHECKING

from kosent_lab.core.hangul import clean_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

logger = logging.getLogger(__name__)
TYPING = 0.3  # seconds: an input method changes the field with every letter of a syllable


def open_ipywidgets() -> ModuleType | None:
    """Return the module, or None where it is missing, after a warning that says how to get it."""
    try:
        import ipywidgets
    except ImportError:
        logger.warning("This widget needs ipywidgets in the kernel's environment: pip install ipywidgets.")
        return None
    return ipywidgets


def new_figure(size: tuple[float, float]) -> Figure:
    """Return a figure that a notebook shows where it is displayed or a cell's last value, and nowhere else.

    It is made by pyplot, which teaches the notebook to show figures, and closed, so that pyplot shows it only once.
    """
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=size)
    plt.close(figure)
    return figure


def as_html(sentence: str) -> str:
    """Return a sentence for an ``HTML`` widget: that one breaks a long line, where a ``Label`` cuts it off."""
    return escape(sentence, quote=False)


def fit(sentence: str, most: int) -> tuple[str, str]:
    """Return what of a sentence is shown, composed and on one line, and a note where it was cut."""
    whole = " ".join(clean_text(sentence).split())
    note = f"The first {most} of {len(whole):,} characters are shown. " if len(whole) > most else ""
    return whole[:most].rstrip(), note


class Later:
    """Calls a function a little later, once for many calls: what is seen first does not wait for it, nor does typing.

    Where no event loop runs, outside a notebook, it is called at once.

    Parameters
    ----------
    function : callable
    seconds : float
    """

    def __init__(self, function: Callable[[], object], seconds: float = 0.05) -> None:
        self.function, self.seconds = function, seconds
        self.waiting: asyncio.TimerHandle | None = None

    def __call__(self, _change: object = None) -> None:
        """Call it later; what still waits is forgotten."""
        if self.waiting is not None:
            self.waiting.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.function()
        else:
            self.waiting = loop.call_later(self.seconds, self.function)
