"""From a run to a model folder: the mean of several runs, a prior corrected, a temperature fitted, checksums."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab.calibration.temperature import fit_shift, fit_temperature
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import write_bytes, write_text
from kosent_lab.core.folders import whole_folder
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.model_files import CALIBRATION, model_id, write_checksums
from kosent_lab.core.places import find_folder
from kosent_lab.corpora.documents import load
from kosent_lab.models import electra, pairs
from kosent_lab.models.classifier import Classifier, load_classifier
from kosent_lab.models.storage import EightBits
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.tokenization.tokenizers import open_tokenizer
from kosent_lab.training.labelled import divide
from kosent_lab.training.loop import METRICS
from kosent_lab.training.options import FinetuningOptions
from kosent_lab.training.teaching import PACK, read_teaching

MODEL = "model"  # folder of a run that holds what it made
TAUGHT = "training_data.json"  # which rows a model has learnt from; in its folder, since it comes and goes with it


def ids_sha256(doc_ids: pd.Series) -> str:
    """Return the SHA-256 of row ids in their order: tells whether two trainings had the same rows."""
    return hashlib.sha256("\n".join(doc_ids).encode("utf-8")).hexdigest()


def describe_taught(frame: pd.DataFrame) -> dict[str, Any]:
    """Return how many rows of a frame a training learns from, and the hash of their ids."""
    taught = frame.loc[frame["split"] == "train", "doc_id"]
    return {"train_rows": len(taught), "train_ids_sha256": ids_sha256(taught)}


def run_model(start: str | Path) -> Path:
    """Return the model folder that a start means: a run's, a model folder, or the bundled model by its name."""
    folder = find_folder(str(start))[0]
    return folder / MODEL if (folder / MODEL).is_dir() else folder


def describe_start(start: str | Path) -> dict[str, Any]:
    """Return which model a training begins from or asks, and what that one has learnt from, as far as it says."""
    name = find_folder(str(start))[1]
    try:
        taught = read_taught(Path(start))
    except DataError:  # somebody else's model
        taught = {}
    return {"model": model_id(name, run_model(start))} | taught


def _lineage(seen: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what a model was taught, what those were that it began from, and its teachers."""
    yield seen
    for before in (*seen.get("began_from", []), *seen.get("teachers", [])):
        if isinstance(before, dict):  # the bundled fast model names its teacher alone
            yield from _lineage(before)


def write_history(run: Path, start: str | Path | None, folder: Path) -> None:
    """Write a run's looks at valid into a model folder, behind those of the model that it began from.

    Those of a run that began from another carry its name (``stage``), as steps and tokens are counted anew in each.
    """
    looks = (run / METRICS).read_text("utf-8")
    before = run_model(start) / METRICS if start is not None else None
    if before is not None and before.is_file():
        own = [json.loads(line) | {"stage": run.name} for line in looks.splitlines()]
        looks = before.read_text("utf-8") + "".join(json.dumps(row) + "\n" for row in own)
    write_text(looks, folder / METRICS)


def write_taught(seen: dict[str, Any], folder: Path) -> None:
    """Write into a model folder which rows it has learnt from, and its checksums anew."""
    write_text(json.dumps(seen, indent=2) + "\n", folder / TAUGHT)
    write_checksums(folder)


def read_taught(run: Path) -> dict[str, Any]:
    """Return which rows the model of a run, or a model, has learnt from.

    Raises
    ------
    DataError
        When it does not say.
    """
    place = run_model(run) / TAUGHT
    if not place.is_file():
        raise DataError(f"{place} is missing, so that no one could say what the run has seen")
    return json.loads(place.read_text("utf-8"))


def average_runs(runs: Sequence[Path], out: Path) -> Path:
    """Make one run folder of several: the mean of the weights of runs from one start.

    Parameters
    ----------
    runs : sequence of Path
        Run folders, at least two, taught the same rows.
    out : Path
        The run folder to make.

    Returns
    -------
    Path
        Its model folder.

    Raises
    ------
    DataError
        When there are fewer than two, or no one could say what their mean has seen.
    """
    if len(runs) < 2:
        raise DataError(f"an average needs two runs or more (--runs A B …); got {len(runs)}")
    folders = [run_model(run) for run in runs]
    taught = [read_taught(run) for run in runs]
    began_from = [before for one in taught for before in one.pop("began_from", [])]
    if any(other != taught[0] for other in taught):
        raise DataError("the runs were taught different rows, so that no one could say what their mean has seen")
    tokenizer = open_tokenizer(folders[0])
    mean = electra.average_weights([electra.open_classifier(folder) for folder in folders])
    with whole_folder(out / MODEL) as fresh:
        electra.save_classifier(mean, tokenizer, fresh, seen_positions=FinetuningOptions().max_tokens)
        write_taught(taught[0] | ({"began_from": began_from} if began_from else {}), fresh)
    return out / MODEL


def _not_taught(data: str, run: Path) -> pd.DataFrame:
    """Return the rows of `data` that neither `run` nor what it comes from has learnt from."""
    rows = load(data)
    refuse_test_rows(rows, what=f"the calibration on {data}")
    seen = list(_lineage(read_taught(run)))
    own, *taught = [Path(name).name.partition(":")[0] for name in (data, *(str(one.get("data", "")) for one in seen))]
    if own == PACK and any("teaching" in one for one in seen):  # its own division, by domain
        held = read_teaching(sentences=0)
        return rows[rows["doc_id"].isin(held.loc[held["split"] == "valid", "doc_id"])]
    if "split" not in rows.columns and own not in taught:
        return rows
    kept = divide(rows)
    kept = kept[kept["split"] != "train"]
    if kept.empty:
        raise DataError(f"{data} has only rows that a training learns from; name other texts (--calib, --valid)")
    return kept


def package_pair(run: Path, out: Path, *, fp8: EightBits | None = None) -> Path:
    """Make a model folder of a pretraining run: both models, what they were taught and how, checksums.

    Parameters
    ----------
    run : Path
        Run folder of ``train pretrain``, or a pair's model folder.
    out : Path
        Model folder to make.
    fp8 : {'embeddings', 'matrices'}, optional
        What is written in 8 bits (`models.storage.stored`).

    Returns
    -------
    Path
        `out`.
    """
    source = run_model(run)
    with whole_folder(out) as fresh:
        pairs.save_pair(pairs.load_pair(source), open_tokenizer(source), fresh, fp8=fp8)
        if (source / METRICS).is_file():
            write_bytes((source / METRICS).read_bytes(), fresh / METRICS)
        write_taught(read_taught(run), fresh)
    return out


def is_of_films(taught_by: str) -> bool:
    """Tell whether a run was taught by NSMC, as it is or as a governed version of it ("nsmc-governed 1.0.0")."""
    return re.fullmatch(r"nsmc(?:-[a-z0-9-]+ [0-9.]+)?", taught_by) is not None


def package_run(
    run: Path,
    out: Path,
    *,
    calib: str | None = None,
    valid: Sequence[str] | None = None,
    fp8: EightBits | None = None,
    device: str | None = None,
) -> dict[str, Any]:
    """Make a model folder of a run: fp16, its prior corrected, calibrated, with checksums.

    Parameters
    ----------
    run : Path
        Run folder, or a model folder.
    out : Path
        Model folder to make.
    calib : str, optional
        What the temperature is fitted on; of no corpus its test. Rows of split train never take part, and where the run
        was taught the same file without splits, only the tenth that `labelled.divide` kept from teaching. When None
        ``nsmc:calib`` where NSMC taught the run, else what taught it.
    valid : sequence of str, optional
        What the shift of the log-odds is fitted on, in the same way, each set counting the same; empty for no shift.
        What kept rows of the run's teaching for that (``nsmc:valid``, or its own file, and ``kosent-teaching`` where
        that is part of it) when None.
    fp8 : {'embeddings', 'matrices'}, optional
        What is written in 8 bits (`models.storage.stored`), before anything is fitted.
    device : str, optional
        What answers the rows; the best there is when None.

    Returns
    -------
    dict
        What stands in ``calibration.json``: ``temperature``, ``fitted_on``, ``n``, ``shift`` (taken from the
        log-odds), ``shift_fitted_on``, ``nll_before``, ``nll_after`` (nats).
    """

    source = run_model(run)
    taught = read_taught(run)
    by = str(taught.get("data", ""))
    films = is_of_films(by)
    if not films and not Path(by).is_file() and (calib is None or valid is None):
        raise DataError(
            f"{run} was taught {by or 'nothing that it names'}, which is not here: name --calib and --valid"
        )
    calib = calib or ("nsmc:calib" if films else by)
    if valid is None:
        valid = ["nsmc:valid" if films else by, *([PACK] if "teaching" in taught else [])]
    model = electra.open_classifier(source)
    tokenizer = open_tokenizer(source)
    shift = 0.0
    with whole_folder(out) as fresh:

        def save() -> Classifier:
            electra.save_classifier(model, tokenizer, fresh, seen_positions=FinetuningOptions().max_tokens, fp8=fp8)
            return load_classifier(fresh, device=device)

        if valid:
            shift = fit_shift(*(predict_frame(_not_taught(name, run), save()) for name in valid))
            electra.shift_log_odds(model, -shift)
        fitted = fit_temperature(predict_frame(_not_taught(calib, run), save()))
        made = {"temperature": fitted.temperature, "fitted_on": calib, "n": fitted.n}
        made |= {"shift": shift, "shift_fitted_on": ", ".join(valid)}
        made |= {"nll_before": fitted.nll_before, "nll_after": fitted.nll_after}
        write_text(json.dumps(made, indent=2) + "\n", fresh / CALIBRATION)
        write_taught(read_taught(run), fresh)
    return made
