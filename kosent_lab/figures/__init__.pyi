from .theme import ACCENT as ACCENT
from .theme import LINE as LINE
from .theme import MUTED as MUTED
from .theme import as_label as as_label
from .theme import drawable as drawable
from .theme import font_paths as font_paths
from .theme import style as style
from .theme import to_png as to_png
