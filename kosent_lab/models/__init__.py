"""Weights into a callable: devices, classifiers loaded safely, the lean forward pass, ELECTRA made and deepened.

Texts become logits in ``scoring``; weights are taught in ``training``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "classifier": ["Classifier", "load_classifier"],
        "devices": ["choose_device"],
        "three_way": ["load_head", "read_three_way"],
        "pairs": ["ElectraPair", "load_pair"],
    },
)
