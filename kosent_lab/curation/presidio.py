"""Presidio's recognisers of Korean numbers and of what is written alike everywhere, to be measured beside ours.

Not among the dependencies: ``pip install presidio-analyzer``.
"""

from __future__ import annotations

from collections.abc import Callable

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.corpora.personal import Found

KINDS = {
    "KR_RRN": "resident",
    "KR_FRN": "resident",
    "KR_BRN": "business",
    "KR_DRIVER_LICENSE": "driver",
    "KR_PASSPORT": "passport",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "mail",
    "CREDIT_CARD": "card",
    "IP_ADDRESS": "ip",
}


def presidio_finder() -> Callable[[str], list[Found]]:
    """Return a finder of `KINDS`: every find of a recogniser counts, whatever score it has; of two that overlap the
    higher score does.

    Presidio raises scores by context words through a language model of spaCy, of which it has none for Korean.
    """
    try:
        import tldextract.tldextract
        from presidio_analyzer import predefined_recognizers as known
    except ImportError as error:
        raise NotAvailableError("presidio is not installed: pip install presidio-analyzer") from error
    # the list of top-level domains that it brings, instead of one fetched from the network
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    korean = ("KrRrn", "KrFrn", "KrBrn", "KrDriverLicense", "KrPassport")
    recognisers = [getattr(known, f"{name}Recognizer")() for name in (*korean, "Email", "CreditCard", "Ip")]
    recognisers.append(known.PhoneRecognizer(supported_regions=["KR"]))

    def find(text: str) -> list[Found]:
        met = [
            one for recogniser in recognisers for one in recogniser.analyze(text, recogniser.supported_entities, None)
        ]
        found: list[Found] = []
        for one in sorted(met, key=lambda one: (-one.score, one.start, one.end)):
            if not any(one.start < other.end and other.start < one.end for other in found):
                found.append(Found(KINDS[one.entity_type], one.start, one.end))
        return sorted(found, key=lambda one: one.start)

    return find
