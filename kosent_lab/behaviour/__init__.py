"""Change the text, watch the model: particles changed beside a control, and what that does.

Reading particles lives in ``korean``, scoring in ``scoring``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "controls": ["CONTROLS"],
        "particles": ["KINDS", "every_change", "perturb"],
        "effects": ["effect_table", "score_changes"],
        "suspicion": ["suspect_particles", "suspicion_table"],
        "plots": ["plot_effects", "plot_variants"],
    },
)
