"""Governed corpora: licences, wishes to be left out, personal data, copies, provenance and versions of what teaches.

Imports ``core`` and ``corpora`` alone.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "build": ["build_corpus"],
        "changes": ["compare_snapshots"],
        "duplicates": ["find_duplicates", "find_overlap"],
        "identity": ["add_identity", "content_swhid", "letters_sha256", "parse_swhid"],
        "inquiry": ["answer_wishes", "ask"],
        "languages": ["text_language"],
        "notices": ["collect_notices"],
        "optout": ["find_wished"],
        "recipe": ["read_recipe"],
        "registry": ["read_registry"],
        "snapshots": ["open_snapshot", "verify"],
    },
)
