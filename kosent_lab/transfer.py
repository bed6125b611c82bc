"""What a few labelled texts of another domain are worth: a classifier taught by them, beside a cheap rival.

The rows of a corpus are drawn to teach and to measure with no text on both sides; one table holds every
answer, another sums it up with intervals.
"""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from kosent_lab.baseline import fit_baseline
from kosent_lab.electra import open_classifier
from kosent_lab.finetuning import train
from kosent_lab.model import Classifier, find_folder, load_classifier
from kosent_lab.predict import encode, predict_frame
from kosent_lab.schedule import FinetuningOptions
from kosent_lab.schema import DataError, check_columns
from kosent_lab.splits import fold_texts, hash_share

logger = logging.getLogger(__name__)

METHODS = ("tfidf", "frozen", "fine-tuned")
PER_LABEL = 600
_BATCH_TOKENS = 512  # about 32 short texts
_FEWEST = 30  # rows to measure on; below it every interval spans everything


def draw_rows(
    frame: pd.DataFrame, size: int, *, per_label: int | None = PER_LABEL, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part labelled rows into those that teach and those that measure.

    Parameters
    ----------
    frame : DataFrame
        Columns ``text`` and ``label``; rows of one ``pair_id`` (minimal pairs) stay together.
    size : int
        Rows to teach with, in the order in which smaller sizes take them; may be 0.
    per_label : int, optional
        Measure on at most so many rows of each label.
    seed : int
        Another seed is another draw.

    Returns
    -------
    tuple of DataFrame
        Rows to teach, rows to measure. A text that occurs twice (case, spaces and punctuation folded)
        is taken once.

    Raises
    ------
    DataError
        When fewer than thirty rows would be left to measure on.
    """
    check_columns(frame, ["text", "label"], what="drawing rows")
    rows = frame[frame["label"].notna()]
    keys = fold_texts(rows["text"])
    rows, keys = rows[~keys.duplicated() & (keys != "")], keys[~keys.duplicated() & (keys != "")]
    if "pair_id" in rows.columns:
        paired = rows["pair_id"].fillna("").astype(str)
        keys = keys.where(paired == "", paired)
    place = keys.map(lambda key: hash_share(key, seed=seed))
    rows, place = rows.loc[place.sort_values(kind="stable").index], place.sort_values(kind="stable")
    # the last pair taken to teach is taken whole
    taken = place <= place.iloc[size - 1] if 0 < size <= len(place) else pd.Series(size > 0, index=place.index)
    teach, measure = rows[taken].head(size), rows[~taken]
    if per_label is not None:
        measure = measure.groupby(measure["label"].astype("int64"), group_keys=False).head(per_label)
    if len(measure) < _FEWEST:
        raise DataError(
            f"{size} rows to teach with leave {len(measure)} of {len(rows)} labelled texts to measure on, and "
            f"{_FEWEST} are needed. Choose smaller sizes (--sizes), or label more."
        )
    return teach, measure


def fine_tune(
    source: str | Path | None,
    frame: pd.DataFrame,
    *,
    epochs: float = 4.0,
    rate_share: float = 0.1,
    frozen_layers: int | None = 0,
    options: FinetuningOptions = FinetuningOptions(),
) -> Classifier:
    """Teach a two-class model a few labelled texts, in seconds and in memory.

    Parameters
    ----------
    source : str or Path, optional
        Model folder, or None for the bundled one; it is not changed.
    frame : DataFrame
        Columns ``text`` and ``label`` (0 or 1, no missing).
    epochs : float
        How often every text is seen.
    rate_share : float
        Multiplies the peak learning rates of `options`.
    frozen_layers : int, optional
        So many of the lowest layers keep their weights; None: all, and only the head learns.
    options : FinetuningOptions
        What else a run may be told; its steps follow from `epochs`.

    Returns
    -------
    Classifier
        In fp32, without a temperature: `train package` fits one.

    Raises
    ------
    DataError
        When the rows are of one label.
    """
    base = load_classifier(source)
    folder, _ = find_folder(source, None)
    model = open_classifier(folder).to(base.device)
    # a head that learns alone starts from a good place and needs larger steps than an encoder does
    layers = model.config.num_hidden_layers if frozen_layers is None else frozen_layers
    ids, _ = encode(base, frame["text"].astype(str).tolist())
    tokens = sum(min(len(row), options.max_tokens) for row in ids)
    chosen = dataclasses.replace(
        options,
        steps=max(1, round(epochs * tokens / _BATCH_TOKENS)),
        batch_tokens=_BATCH_TOKENS,
        muon_rate=options.muon_rate * rate_share,
        adamw_rate=options.adamw_rate * rate_share,
        frozen_layers=layers,
        positive_share=1.0,
        looks=1,
        compile=False,
    )
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    rows = frame[["text", "label"]].assign(split="train")
    with tempfile.TemporaryDirectory() as runs:
        train(model, tokenizer, rows, folder=Path(runs), options=chosen)
    name = f"{base.model_id}+{len(frame)} rows"
    return dataclasses.replace(base, model=model.eval(), model_id=name, temperature=None)


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
        Columns ``doc_id``, ``text``, ``label``.
    sizes : sequence of int
        Numbers of rows to teach with; 0 is the model as it is. A larger number holds the smaller ones.
    source : str or Path, optional
        Model folder to start from; None for the bundled one.
    methods : sequence of str
        Of `METHODS`: TF-IDF and logistic regression on the same rows alone; the model with all but
        its head frozen; the model with all its weights.
    draws : int
        So many draws of rows, each with the model's own order of batches.
    per_label, seed :
        See `draw_rows`.

    Returns
    -------
    DataFrame
        One row per text measured: ``doc_id``, ``label``, ``draw``, ``method`` (``as it is`` for size 0),
        ``size``, ``prob_1``, ``correct``. Rows of a single label teach nothing, and their size is left
        out with a warning.

    Raises
    ------
    DataError
        When a method is unknown, or too few rows are left to measure on.
    """
    unknown = set(methods) - set(METHODS)
    if unknown:
        raise DataError(f"methods are {', '.join(METHODS)}; got {', '.join(sorted(unknown))}")
    if not sizes or min(sizes) < 0:
        raise DataError(f"sizes are numbers of rows, 0 or more; got {list(sizes)}")
    base, parts = load_classifier(source), []
    for draw in range(draws):
        teach, measure = draw_rows(frame, max(sizes), per_label=per_label, seed=seed + draw)
        for size in sorted(set(sizes)):
            rows = teach.head(size)
            if size and rows["label"].nunique() < 2:
                logger.warning("the first %d rows of draw %d are all of one label and teach nothing", size, draw)
                continue
            for method in methods if size else ("as it is",):
                answers = _answer(method, rows, measure, base, source, seed + draw)
                parts.append(answers.assign(draw=draw, method=method, size=size))
    columns = ["doc_id", "label", "draw", "method", "size", "prob_1", "correct"]
    return pd.concat(parts, ignore_index=True)[columns]


def _answer(
    method: str, rows: pd.DataFrame, measure: pd.DataFrame, base: Classifier, source: str | Path | None, seed: int
) -> pd.DataFrame:
    if method == "tfidf":
        # no rare n-grams to leave out where every text counts
        rival = fit_baseline(rows, seed=seed, fewest_texts=1)
        prob_1 = rival.predict_proba(measure["text"].astype(str).tolist())[:, 1]
        correct = (prob_1 > 0.5) == (measure["label"] == 1)
        return measure[["doc_id", "label"]].assign(prob_1=prob_1, correct=correct)
    classifier = base
    if method != "as it is":
        frozen = method == "frozen"
        options = FinetuningOptions(seed=seed)
        classifier = fine_tune(
            source,
            rows,
            frozen_layers=None if frozen else 0,
            epochs=4.0,
            rate_share=1.0 if frozen else 0.1,
            options=options,
        )
    return predict_frame(measure[["doc_id", "text", "label"]], classifier)


def curve_table(
    answers: pd.DataFrame, *, by: Iterable[str] = (), resamples: int = 1_000, seed: int = 0
) -> pd.DataFrame:
    """Sum up the answers of a learning curve.

    Parameters
    ----------
    answers : DataFrame
        From `learning_curve`; several corpora may be stacked.
    by : iterable of str
        Columns to tell apart besides method and size.
    resamples, seed : int
        Of the bootstrap: texts are drawn anew, each with all its answers.

    Returns
    -------
    DataFrame
        One row per method and size: ``accuracy`` with ``ci_low`` and ``ci_high`` (95 %),
        ``balanced_accuracy`` (mean of the two labels'), ``n`` different texts, ``n_rarer`` of the rarer
        label, ``draws``, ``spread`` (standard deviation of the draws' accuracies).
    """
    rows = []
    for key, group in answers.groupby([*by, "method", "size"], sort=False):
        correct = group["correct"].astype("float64")
        texts = correct.groupby(group["doc_id"]).agg(["sum", "count"]).to_numpy()
        drawn = np.random.default_rng(seed).integers(len(texts), size=(resamples, len(texts)))
        means = texts[drawn, 0].sum(1) / texts[drawn, 1].sum(1)
        per_draw = correct.groupby(group["draw"]).mean()
        labels = group.drop_duplicates("doc_id")["label"].value_counts()
        rows.append(
            {
                **dict(zip([*by, "method", "size"], key, strict=True)),
                "accuracy": correct.mean(),
                "ci_low": np.quantile(means, 0.025),
                "ci_high": np.quantile(means, 0.975),
                "balanced_accuracy": correct.groupby(group["label"]).mean().mean(),
                "n": len(texts),
                "n_rarer": int(labels.min()),
                "draws": len(per_draw),
                "spread": per_draw.std(),
            }
        )
    return pd.DataFrame(rows)
