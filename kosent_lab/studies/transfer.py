"""What a few labelled texts of another domain are worth: a classifier taught by them, beside a cheap rival.

One table holds every answer; ``studies.curves`` sums it up. Which rows teach and which measure is drawn in
``studies.draws``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kosent_lab.core.exceptions import DataError, ModelError
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.places import find_folder
from kosent_lab.core.schema import check_columns
from kosent_lab.models.classifier import Classifier, load_classifier
from kosent_lab.models.electra import open_classifier
from kosent_lab.models.lean import build_forward
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.studies.curves import AS_IT_IS
from kosent_lab.studies.draws import PER_LABEL, draw_rows
from kosent_lab.studies.lines import MOVED, answer_moved
from kosent_lab.tokenization.tokenizers import open_tokenizer
from kosent_lab.training.baseline import fit_baseline
from kosent_lab.training.finetuning import train
from kosent_lab.training.options import FinetuningOptions

logger = logging.getLogger(__name__)
METHODS = ("tfidf", "frozen", "fine-tuned")
# RATES is what the peak learning rates are multiplied by; a head that learns alone bears larger steps. Thrice the
# rate and twice the epochs were two to three points better on 200 rows of `finance` with three layers, but with
# twelve a run fell to a single answer; Muon is no better for so few rows and takes two to three times as long
EPOCHS, RATES, FEW_ROWS = 4.0, {"fine-tuned": 0.1, "frozen": 1.0}, FinetuningOptions(optimizer="adamw")
_BATCH_TOKENS = 512  # about 32 short texts


def fine_tune(
    source: str | Path | None,
    frame: pd.DataFrame,
    *,
    epochs: float = EPOCHS,
    rate_share: float = RATES["fine-tuned"],
    head_only: bool = False,
    options: FinetuningOptions = FEW_ROWS,
) -> Classifier:
    """Teach a two-class model a few labelled texts, in seconds and in memory.

    Parameters
    ----------
    source : str or Path, optional
        Model folder, or None for the bundled one; it is not changed.
    frame : DataFrame
        Columns ``text`` and ``label`` (0 or 1, no missing); no test rows (`held_out.refuse_test_rows`).
    epochs : float
        How often every text is seen.
    rate_share : float
        Multiplies the peak learning rates of `options`.
    head_only : bool
        Keep embeddings and encoder as they are.
    options : FinetuningOptions
        What else a run may be told; batches, warm-up, shares, looks and compilation are those of few rows.

    Returns
    -------
    Classifier
        In fp32, without a temperature: `train package` fits one.

    Raises
    ------
    DataError
        When the rows are of one label, or test rows are among them.
    ModelError
        When the model's first output is positive.
    """
    check_columns(frame, ["text", "label"], what="fine-tuning")
    refuse_test_rows(frame, what="fine-tuning")
    base = load_classifier(source)
    if base.label_columns != (0, 1):
        raise ModelError(
            f"fine-tuning needs a model whose outputs are negative, positive; those of {base.model_id} are not"
        )
    folder, _ = find_folder(source, None)
    model = open_classifier(folder).to(base.device)
    chosen = dataclasses.replace(
        options,
        epochs=epochs,
        batch_tokens=_BATCH_TOKENS,
        muon_rate=options.muon_rate * rate_share,
        adamw_rate=options.adamw_rate * rate_share,
        frozen_layers=model.config.num_hidden_layers if head_only else 0,
        positive_share=1.0,
        warmup_share=0.1,  # of few steps
        looks=1,
        compile=False,
    )
    tokenizer = open_tokenizer(folder)
    rows = frame[["text", "label"]].assign(split="train")
    with tempfile.TemporaryDirectory() as runs:
        train(model, tokenizer, rows, folder=Path(runs), options=chosen)
    taught = [f"{label} {text}" for label, text in zip(frame["label"], frame["text"], strict=True)]
    what = hashlib.sha256("\n".join([*taught, repr(chosen)]).encode("utf-8", "replace"))
    name = f"{base.model_id}+{len(frame)} rows {what.hexdigest()[:12]}"
    forward = build_forward(model.eval())
    return dataclasses.replace(base, own_model=model, forward=forward, model_id=name, calibration=None)


def learning_curve(
    frame: pd.DataFrame,
    *,
    sizes: Sequence[int],
    source: str | Path | None = None,
    methods: Sequence[str] = METHODS,
    draws: int = 1,
    per_label: int | None = PER_LABEL,
    seed: int = 0,
) -> pd.DataFrame:
    """Teach by growing numbers of rows, and measure each time on the same rows set aside.

    Parameters
    ----------
    frame : DataFrame
        Columns ``doc_id``, ``text``, ``label``; what `draw_rows` keeps together. Only rows that no source
        divided off as its test teach; where a corpus has such rows, they are only measured.
    sizes : sequence of int
        Numbers of rows to teach with; 0 is the model as it is, and is always measured. A larger number
        holds the smaller ones.
    source : str or Path, optional
        Model folder to start from; None for the bundled one.
    methods : sequence of str
        Of `METHODS`: TF-IDF and logistic regression on the same rows alone; the model with all but
        its head frozen; the model with all its weights. Or of `MOVED`: the model as it is, and TF-IDF, the line between
        whose answers is moved to where both labels of the rows that teach are read equally well (of TF-IDF by
        cross-fitting).
    draws : int
        So many draws of rows, each with the model's own order of batches.
    per_label, seed :
        See `draw_rows`.

    Returns
    -------
    DataFrame
        One row per text measured: ``doc_id``, ``group``, ``label``, ``draw``, ``method`` (`AS_IT_IS` for
        size 0), ``size``, ``prob_1``, ``correct``. Rows of a single label teach nothing, and their size
        is left out with a warning.

    Raises
    ------
    DataError
        When a method is unknown, no draw is asked for, too few rows are left to measure on, or rows to
        teach with are asked of test rows alone.
    """
    check_columns(frame, ["doc_id", "text", "label"], what="the learning curve")
    unknown = set(methods) - {*METHODS, *MOVED}
    if unknown:
        raise DataError(f"methods are {', '.join((*METHODS, *MOVED))}; got {', '.join(sorted(unknown))}")
    if draws < 1 or not sizes or min(sizes) < 0:
        raise DataError(f"needs a draw or more, and sizes of 0 rows or more; got {draws} and {list(sizes)}")
    base, parts = load_classifier(source), []
    for draw in range(draws):
        teach, measure = draw_rows(frame, max(sizes), per_label=per_label, seed=seed + draw)
        for size in sorted({0, *sizes}):
            rows = teach.head(size)
            if size and rows["label"].nunique() < 2:
                logger.warning("the first %d rows of draw %d are all of one label and teach nothing", size, draw)
                continue
            for method in methods if size else (AS_IT_IS,):
                classifier = base if method == AS_IT_IS else None
                if method in RATES:
                    options = dataclasses.replace(FEW_ROWS, seed=seed + draw)
                    classifier = fine_tune(
                        source, rows, rate_share=RATES[method], head_only=method == "frozen", options=options
                    )
                if method in MOVED:
                    answers = answer_moved(method, rows, measure, base, seed=seed + draw)
                else:
                    answers = predict_frame(measure, classifier) if classifier else _rival(rows, measure, seed + draw)
                parts.append(answers.assign(draw=draw, method=method, size=size))
    columns = ["doc_id", "group", "label", "draw", "method", "size", "prob_1", "correct"]
    return pd.concat(parts, ignore_index=True)[columns]


def _rival(rows: pd.DataFrame, measure: pd.DataFrame, seed: int) -> pd.DataFrame:
    # no rare n-grams to leave out where every text counts
    rival = fit_baseline(rows, seed=seed, fewest_texts=1)
    prob_1 = rival.predict_proba(measure["text"].astype(str).tolist())[:, 1]
    return measure.assign(prob_1=prob_1, correct=(prob_1 > 0.5) == (measure["label"] == 1))
