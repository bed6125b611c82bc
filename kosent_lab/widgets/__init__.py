"""Controls for notebooks, one file a widget: each over a figure that stands without it and a plain function.

What they show is computed and drawn in the wings above.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "threshold": ["choose_slice", "draw_threshold", "explore_threshold", "slice_names", "threshold_text"],
        "reliability": ["draw_reliability", "explore_reliability", "reliability_text"],
        "tokens": ["draw_tokens", "explore_tokens", "layer_table", "sentence_text", "variant_table"],
        "errors": ["describe_row", "explain_text", "explore_errors", "list_rows"],
        "detection": ["draw_judged", "explore_detection", "judge_sentence"],
    },
)
