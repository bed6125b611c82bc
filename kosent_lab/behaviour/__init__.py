"""Change the text, watch the model: particles changed beside a control, suites of what a model should do.

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
        "suites": ["read_suite", "suite_files"],
        "attribution": ["attribute", "attribute_words", "kind_table", "sum_to_units"],
        "cues": ["CUES", "cue_cases", "cue_table", "score_cues", "taken_away"],
        "perturbations": ["without_end"],
        "coloured_text": ["coloured_words", "explain_words"],
        "faithfulness": ["leave_one_out", "measure_faithfulness"],
        "shifts": ["word_shifts"],
        "suite_scores": ["failure_table", "make_cases", "score_cases", "worst_cases"],
        "plots": ["plot_cues", "plot_effects", "plot_variants"],
    },
)
