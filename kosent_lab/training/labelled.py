"""Read what may teach a classifier: labels of whatever classes, rows of train and valid alone."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.held_out import held_out_rows
from kosent_lab.core.places import local
from kosent_lab.core.schema import LABEL_NAMES, check_columns
from kosent_lab.corpora.documents import is_file, load
from kosent_lab.corpora.reading import Reading, plain_name
from kosent_lab.corpora.splits import fold_texts, hash_share
from kosent_lab.curation.snapshots import Snapshot, open_snapshot, verify

logger = logging.getLogger(__name__)

SNAPSHOT = "snapshot:"
_POLARITIES = ("negative", "neutral", "positive")
_VALID_SHARE = 0.1
_SPLITS = ("train", "valid", "calib", "test")


def read_labelled(
    data: str | Path,
    *,
    reading: Reading | None = None,
    classes: str | None = None,
    official_only: bool = False,
    soft_targets: str | Path | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Read the rows of train and valid with labels as class numbers.

    Parameters
    ----------
    data : str or Path
        See `documents.load`; or ``snapshot:FOLDER``, a governed corpus (``curation``).
    reading : Reading, optional
        How a file is to be read.
    classes : str, optional
        Names parted by commas: ``negative,neutral,positive`` or ``1,2,3,4,5``; the two polarities when None.
    official_only : bool
        Only rows of the source's own train split.
    soft_targets : str or Path, optional
        A parquet file of ``doc_id`` and ``soft_target``; rows without a label then stay.

    Returns
    -------
    DataFrame
        ``label`` from 0, ``split`` (``train``, ``valid``, ``calib``), optionally ``soft_target``. Where the data
        has no ``split``, a tenth of the texts, by their hash, is ``valid``; rows that the source divided off
        as its test are never among them.
    list of str
        The names of the classes.

    Raises
    ------
    DataError
        When a label is none of the classes, nothing is labelled, or a split is empty.
    """
    soft_targets = local(soft_targets) if soft_targets is not None else None
    names = [plain_name(name) for name in classes.split(",")] if classes else [*LABEL_NAMES.values()]
    if len(set(names)) < 2 or len(set(names)) != len(names):
        raise DataError(f"--classes needs two or more different names, parted by commas; got {classes!r}")
    own = bool(set(names) - set(_POLARITIES))
    snapshot = open_named(data)
    if snapshot is None:
        frame = divide(load(data, reading, own_labels=own))
    else:
        frame = divide(_read_whole(snapshot).assign(corpus=snapshot.manifest["name"]))
    if is_file(data):  # the stars of NSMC teach beside its labels; what a user's column of that name holds is unknown
        frame = frame.drop(columns="rating", errors="ignore")
    if official_only:
        check_columns(frame, ["official_split"], what="--official-only")
        frame = frame[frame["official_split"] == "train"]
    if classes:
        frame = frame.assign(label=_codes(frame, names, own=own))
    labelled = frame[frame["label"].notna()]
    if labelled.empty:
        raise DataError(f"{data} has no row with a label among {names}. See --label-column and --classes.")
    missing = {"train", "valid"} - set(labelled["split"])
    if missing:
        raise DataError(
            f"{data} has no labelled row of split {' and '.join(sorted(missing))}; training needs both. "
            "Give more rows, or a column split; without one about a tenth of the texts is kept for valid."
        )
    if soft_targets:
        soft = pd.read_parquet(soft_targets).set_index("doc_id")["soft_target"]
        return frame.assign(soft_target=frame["doc_id"].map(soft)), names
    if left := len(frame) - len(labelled):
        logger.info("%s rows of %s have no label among %s and teach nothing", f"{left:,}", data, ", ".join(names))
        if not classes and "polarity" in frame.columns and (frame["polarity"] == "neutral").any():
            logger.info("neutral ones among them teach with --classes %s", ",".join(_POLARITIES))
    return labelled, names


def open_named(data: str | Path) -> Snapshot | None:
    """Open the governed corpus that ``snapshot:FOLDER`` names; None for any other data."""
    name = str(data)
    return open_snapshot(name.removeprefix(SNAPSHOT)) if name.startswith(SNAPSHOT) else None


def _read_whole(snapshot: Snapshot) -> pd.DataFrame:
    """Read a governed corpus, its files rehashed: what teaches is what its version names."""
    files = verify(snapshot)
    if not files["ok"].all():
        wrong = files[~files["ok"]].iloc[0]
        path = snapshot.folder / wrong["file"]
        raise DataError(f"{path} is not what the manifest says ({wrong['why']}); build the corpus again")
    return snapshot.frame()


def read_texts(name: str) -> pd.DataFrame:
    """Read unlabelled texts: what `documents.load` knows, or ``snapshot:FOLDER``."""
    snapshot = open_named(name)
    return load(name) if snapshot is None else _read_whole(snapshot)


def divide(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a document frame that may teach or choose, each with its ``split``.

    Without such a column, or with one that names no split of ours, a tenth of the texts, by their hash, is
    ``valid``: the same texts every time.
    """
    known = frame["split"].isin(_SPLITS) if "split" in frame.columns else pd.Series(False, index=frame.index)
    if not known.any():
        if "split" in frame.columns:
            logger.warning("the column split names none of %s, so it is not taken for a division", ", ".join(_SPLITS))
        held = fold_texts(frame["text"]).map(lambda key: hash_share(key, seed=0) < _VALID_SHARE).astype(bool)
        frame = frame.assign(split=held.map({True: "valid", False: "train"}))
        logger.info("no division: %d of %d rows, by their texts' hash, are kept for valid", held.sum(), len(frame))
    kept = frame["split"].isin(["train", "valid", "calib"])
    tested = kept & held_out_rows(frame)  # the source's own test is no less a test
    if tested.any():
        logger.info("%d rows of the source's own test split are left out", int(tested.sum()))
    return frame[kept & ~tested]


def _codes(frame: pd.DataFrame, names: list[str], *, own: bool) -> pd.Series:
    values = frame["label"] if own else frame["polarity"]
    unknown = values[values.notna() & ~values.isin(names)]
    if own and len(unknown):
        raise DataError(f"row {unknown.index[0]} is labelled {unknown.iloc[0]!r}, and --classes names {names}")
    return values.map({name: number for number, name in enumerate(names)}).astype("Int64")
