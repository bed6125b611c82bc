"""Named text with provenance: cards, the files behind them, their splits, and a user's own file.

How Korean is read lives in ``korean``, governed collections of sources in a wing of their own.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cards": ["find_card", "is_present", "list_cards"],
        "store": ["fetch", "load_corpus", "verify"],
        "documents": ["load"],
        "splits": ["halve", "leakage_report", "leaked_rows", "split_frame"],
    },
)
