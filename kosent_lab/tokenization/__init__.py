"""How Korean is cut: vocabularies learnt, tokenizers at hand, and their pieces laid over morphemes.

Reading morphemes lives in ``korean``; what a model makes of the pieces in ``scoring``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "boundaries": [
            "add_finals",
            "add_particles",
            "eojeol_frame",
            "holds_particles",
            "measure_pieces",
            "particle_table",
        ],
        "cutters": ["as_cutter"],
        "tokenizers": ["load_cutter", "names_at_hand", "open_tokenizer", "own_names", "published_names"],
        "vocabularies": ["train_vocabulary"],
        "plots": ["plot_heatmap", "plot_stacked_pieces"],
    },
)
