"""How Korean is written: morphemes and particles of any text, their readings kept, and treebanks to prove them.

How a tokenizer cuts the same characters lives in ``tokenization``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "morphology": ["read_eojeol", "read_morphemes"],
        "readings": ["read_cached", "use_store"],
        "treebanks": ["gold_eojeol", "load_treebank", "score_josa"],
    },
)
