"""What became of each document, and why: the lineage that a snapshot keeps, one row per document and step."""

from __future__ import annotations

import pandas as pd

from kosent_lab.core.schema import plain_label
from kosent_lab.corpora.personal import mask_text
from kosent_lab.curation.identity import letters_sha256, name_sha256, text_sha256
from kosent_lab.curation.optout import spelt_alike
from kosent_lab.curation.outcome import Outcome
from kosent_lab.curation.personal_step import mask_names
from kosent_lab.curation.snapshots import LINEAGE_COLUMNS

_NAMES = ("owner", "repository", "source", "user")


def reasons_of(lineage: list[pd.DataFrame]) -> dict[str, int]:
    """Count why documents left."""
    touched = pd.concat([no_lineage(), *lineage])
    gone = touched[touched["action"] == "removed"]
    return (gone["step"] + ", " + gone["reason"]).value_counts().to_dict()


def no_lineage() -> pd.DataFrame:
    """Return a lineage of nothing."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in LINEAGE_COLUMNS})


def lineage_of(frame: pd.DataFrame, outcome: Outcome, step: str, *, masked: bool) -> pd.DataFrame:
    """Return what a step did to which document, with the hashes of its text before, personal data masked; never the
    text, nor by whom it is where somebody asked to be left out, nor a name that is personal data where the recipe has
    those `masked` or somebody asked: of a telephone number the hash tells as much, who tries all finds it.
    """
    changed = outcome.changed[["doc_id", "reason"]].assign(action="changed", other="")
    touched = pd.concat([outcome.removed.assign(action="removed"), changed])
    if touched.empty:
        return no_lineage()
    known = frame.reindex(columns=["doc_id", "text", *_NAMES], fill_value="")
    table = touched.merge(known, on="doc_id", how="left", validate="many_to_one").assign(step=step)
    kept = table["text"].map(mask_text)
    table = table.assign(sha256=kept.map(text_sha256), letters_sha256=kept.map(letters_sha256))
    table["user"] = table["user"].map(plain_label).astype("str")  # a column of the source's own, of any kind
    for column in _NAMES if masked or step == "opt-out" else ():
        table[column] = mask_names(table[column])
    if step == "opt-out":
        for column in ("owner", "repository", "user"):
            hashed = spelt_alike(table[column], column).map(name_sha256)
            table[column] = hashed.where(table[column] != "", "").astype("str")
    return table[list(LINEAGE_COLUMNS)]
