"""How Korean is written: morphemes and particles of any text, their readings kept, treebanks to prove them,
and a grammar that sentences are drawn from.

How a tokenizer cuts the same characters lives in ``tokenization``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "grammar": ["read_grammar"],
        "morphology": ["read_eojeol", "read_morphemes"],
        "readings": ["read_cached", "use_store"],
        "sentences": ["draw_sentences"],
        "treebanks": ["gold_eojeol", "load_treebank"],
        "josa_scores": ["score_josa"],
    },
)
