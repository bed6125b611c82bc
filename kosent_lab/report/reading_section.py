"""The section on what readers say of the mistakes: tags of the user's own, or the project's readings of its corpora."""

from __future__ import annotations

import pandas as pd

from kosent_lab import errors
from kosent_lab.calibration.outcomes import pair_groups
from kosent_lab.core.exceptions import KosentError
from kosent_lab.core.intervals import wilson_interval
from kosent_lab.core.places import BUNDLED, DATA_FOLDER
from kosent_lab.errors.readings import cause_names
from kosent_lab.errors.tags import latest_tags
from kosent_lab.report.layout import Section, Table, columns, interval
from kosent_lab.report.named import shown_name
from kosent_lab.report.parts import Part
from kosent_lab.report.written import decimal, percent

_TAXONOMY = DATA_FOLDER / "studies" / "error-taxonomy.toml"
_READINGS = DATA_FOLDER / "studies" / "error-causes.csv"


def readings(part: Part, t: dict[str, str]) -> Section:
    """How many of the mistakes that were read have which cause."""
    frame = part.assessment.frame
    if not part.assessment.n_labelled:
        return Section("readings", (t["no_labels"],))
    wrong = errors.confident_mistakes(frame, count=len(frame))["doc_id"].astype(str)
    if part.tags is not None:
        corpora = frame["corpus"].astype(str).unique() if "corpus" in frame.columns else []
        mine = part.tags[part.tags["doc_id"].isin(set(wrong)) & part.tags["corpus"].isin([*corpora, ""])]
        mine = latest_tags(mine.assign(corpus=""))  # old files name none
        note = t["readings_tags"].format(n=f"{len(mine):,}", wrong=f"{len(wrong):,}")
    else:
        own = part.model.model_id.partition("@")[0] == BUNDLED  # its surest mistakes were read, not another's
        mine, note = _own_readings(part.corpus if own else "", set(wrong), t)
    if mine.empty:
        return Section("readings", (t["readings_none"].format(wrong=f"{len(wrong):,}"),))
    names = _names(t)
    counts = mine["cause"].value_counts()
    body = [
        (names.get(str(cause), shown_name(str(cause))), f"{n:,}", percent(n / len(mine)), _bounds(n, len(mine), t))
        for cause, n in counts.items()
    ]
    heads = columns((t["readings_cause"],), (t["count"], t["share"], t["interval"]))
    return Section("readings", (note,), table=Table(heads, body))


def _own_readings(corpus: str, wrong: set[str], t: dict[str, str]) -> tuple[pd.DataFrame, str]:
    """Return the mistakes of a corpus that were read twice for the project, where both readings name one cause."""
    try:
        read = pd.read_csv(_READINGS, dtype="str")
    except OSError:  # an installation without a clone's data
        return pd.DataFrame({"cause": []}), ""
    sets = read["data"].str.partition("-")[0] if corpus == "nsmc" else read["data"]  # of which a split was read
    read = read[sets.eq(corpus) & read["doc_id"].isin(wrong)]
    if read.empty:
        return read.assign(cause=""), ""
    both = read[read["reader_1"] == read["reader_2"]]
    kappa = errors.cohen_kappa(read["reader_1"].tolist(), read["reader_2"].tolist(), groups=pair_groups(read))
    note = t["readings_own"].format(
        n=f"{len(read):,}", wrong=f"{len(wrong):,}", both=f"{len(both):,}", kappa=decimal(kappa.value, 2),
        low=decimal(kappa.ci_low, 2), high=decimal(kappa.ci_high, 2),
    )  # fmt: skip
    return both.assign(cause=both["reader_1"]), note


def _names(t: dict[str, str]) -> dict[str, str]:
    try:
        return cause_names(_TAXONOMY, korean=t["language_name"] == "한국어")
    except KosentError:
        return {}


def _bounds(n: int, total: int, t: dict[str, str]) -> str:
    return interval(pd.Series(wilson_interval(n, total), index=["ci_low", "ci_high"]), t)
