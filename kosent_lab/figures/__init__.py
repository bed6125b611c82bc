"""One style for all drawings: the Korean font, the colours, and what every plot starts from.

What is drawn lives beside its numbers, in the ``plots`` of each wing.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "theme": ["ACCENT", "LINE", "MUTED", "as_label", "drawable", "font_paths", "style", "to_png"],
    },
)
