"""Long questions with kept tables: particles, transfer to other domains, recipes, speed, the notebooks themselves.

What one table says is measured in the wings above; here many are made and kept (``data/studies``).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "kept": ["load_rejectors", "load_runs", "load_study", "write_runs", "write_study"],
        "particles": ["change_particles", "compare_tokenizers"],
        "draws": ["draw_rows"],
        "transfer": ["curve_table", "fine_tune", "learning_curve"],
        "rejectors": ["score_rejectors"],
        "suites": ["compare_on_suites", "failure_differences", "tfidf_function"],
        "speed": ["compare_batching"],
        "plots": ["plot_domains", "plot_learning_curve", "plot_steps"],
    },
)
