"""Turn texts into logits, in batches of similar length: one pure function from table to table.

Loading a model and its forward pass live in ``models.classifier``, encoding and padding in
``scoring.encode``, files in ``scoring.shards``, temperatures in ``calibration.calibrators``.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from tqdm.auto import tqdm

from kosent_lab.core.exceptions import DataError, ModelError, is_out_of_memory
from kosent_lab.core.hangul import replace_surrogates
from kosent_lab.core.schema import check_columns, check_count, check_labels, check_texts
from kosent_lab.models.classifier import Classifier, load_classifier
from kosent_lab.scoring.answers import add_class_predictions, add_predictions
from kosent_lab.scoring.encode import bucket_batches, encode_texts, pad
from kosent_lab.tokenization.cutters import STRANGER

logger = logging.getLogger(__name__)
_COUNTING, _CORES = threading.Lock(), list[int]()  # of each call that scores now, the threads before any did
# Small enough that the activations of a layer stay in a CPU cache (measured), large for a GPU
BATCH_TOKENS = {"cpu": 1_024, "mps": 8_192, "cuda": 65_536}


def predict_logits(classifier: Classifier, ids: list[np.ndarray]) -> np.ndarray:
    """Score encoded texts in length-bucketed batches.

    Parameters
    ----------
    classifier : Classifier
    ids : list of ndarray of int, length n
        From `encode.encode_texts`.

    Returns
    -------
    ndarray of float32, shape (n, 2), or (n, k) for a model of k other classes
        Logits in the order of the input; negative first, whatever the order of the model's labels.

    Raises
    ------
    ModelError
        When a logit is NaN or infinite, which would be counted as an answer.
    """
    logits = _forward_all(classifier, ids)
    _check_finite(logits, classifier, [f"text {number}" for number in range(len(ids))])
    return logits


def _check_finite(logits: np.ndarray, classifier: Classifier, names: Sequence[object]) -> None:
    """Refuse logits, shape (n, k), of which some are no numbers, with the names of their rows."""
    broken = np.flatnonzero(~np.isfinite(logits).all(axis=1))
    if len(broken):
        raise ModelError(
            f"{classifier.model_id} answers {names[broken[0]]} with {logits[broken[0]].tolist()} ({len(broken):,} such "
            "rows), which are no numbers. Its weights are damaged, or too large for this precision: try "
            f"--precision fp32 (now {classifier.precision})."
        )


def _forward_all(
    classifier: Classifier, ids: list[np.ndarray], *, batch_tokens: int | None = None, progress: bool = False
) -> np.ndarray:
    if batch_tokens is not None:
        check_count(batch_tokens, "batch_tokens", least=1)
    forward, pad_id, device = classifier.forward, classifier.pad_id, classifier.device
    lengths = np.array([len(row) for row in ids], dtype=np.int64)
    logits = np.zeros((len(ids), len(classifier.label_columns)), dtype=np.float32)

    def score(batch: np.ndarray) -> np.ndarray:
        inputs, mask = pad([ids[row] for row in batch], pad_id)
        try:
            output = forward(inputs.to(device), mask.to(device))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or len(batch) == 1:
                raise
            half = len(batch) // 2
            logger.warning("memory ran out at %d texts a batch; going on with half", len(batch))
        else:
            logits[batch] = output[:, list(classifier.label_columns)].float().cpu().numpy()
            return batch
        return np.concatenate([score(batch[:half]), score(batch[half:])])

    batches = bucket_batches(lengths, batch_tokens=batch_tokens or BATCH_TOKENS[device.type])
    # On a CPU one batch a core, each on one thread: short texts make small operations, and waiting
    # for the other cores after each of them costs more than it gains.
    with (
        shared_cores(device) as workers,
        tqdm(total=len(ids), unit="text", disable=None if progress else True) as bar,
        ThreadPoolExecutor(workers, initializer=one_thread if device.type == "cpu" else None) as pool,
    ):
        for batch in pool.map(score, batches):
            bar.update(len(batch))
    return logits


@contextlib.contextmanager
def shared_cores(device: torch.device) -> Iterator[int]:
    """Yield how many batches to score at once, and give threads that begin later the cores back that workers took."""
    if device.type != "cpu":
        yield 1
        return
    with _COUNTING:  # of calls at once, the first knows how many threads there were before any worker
        _CORES.append(_CORES[0] if _CORES else torch.get_num_threads())
        cores = _CORES[0]
    try:
        yield cores
    finally:
        with _COUNTING:
            _CORES.pop()
            torch.set_num_threads(cores)


def one_thread() -> None:
    """Let the calling thread compute on one core; those that there are stay as they are."""
    torch.set_num_threads(1)


def predict_frame(
    frame: pd.DataFrame,
    classifier: Classifier | None = None,
    *,
    batch_tokens: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Score a document frame; a pure function from table to table.

    Parameters
    ----------
    frame : DataFrame
        Column ``text``; any index, missing and empty texts included.
    classifier : Classifier, optional
        The bundled one when None.
    batch_tokens, progress :
        See `predict_logits`.

    Returns
    -------
    DataFrame
        `frame` with ``logit_0``, ``logit_1``, ``prob_1`` (uncalibrated), ``pred``, ``confidence``,
        ``correct`` (missing without a label), ``n_tokens`` and ``n_unknown`` (signs without a piece of
        their own are counted among the unknown, special tokens are not), ``truncated``, ``model_id``. Same
        rows, order and index. A model of other classes than two polarities gives ``class_logit_NAME`` and
        ``class_prob_NAME`` for each, and ``pred`` is a name.

    Raises
    ------
    DataError
        When there is no column ``text``, or a cell of it is a list.
    ModelError
        When a logit is NaN or infinite; the message names the document.

    Notes
    -----
    A text that occurs more than once is scored once.
    """
    check_columns(frame, ["text"], what="prediction", hint="Rename the column of the texts: frame.rename(columns=…).")
    classifier = classifier or load_classifier()
    if not isinstance(classifier, Classifier):
        raise ModelError(
            f"prediction needs a classifier: load_classifier({str(classifier)!r}); got {type(classifier).__name__}"
        )
    if len(classifier.label_columns) != 2 and not classifier.class_names:
        raise ModelError(f"{classifier.model_id} gives states, no classes: scoring.text_states reads them")
    if "label" in frame.columns and not classifier.class_names:
        check_labels(frame["label"])
    places: dict[str, int] = {}
    codes = np.array([places.setdefault(_as_text(text), len(places)) for text in frame["text"]], dtype=np.int64)
    ids, cut = encode_texts(classifier.backend, places, max_tokens=classifier.max_tokens)
    logits = _forward_all(classifier, ids, batch_tokens=batch_tokens, progress=progress)[codes]
    _check_finite(logits, classifier, frame["doc_id"].tolist() if "doc_id" in frame.columns else frame.index.tolist())
    both = (classifier.unknown_id, classifier.backend.token_to_id(STRANGER))
    unknown = [number for number in both if number is not None]
    names = classifier.class_names
    answers = add_class_predictions(frame, logits, names) if names else add_predictions(frame, logits)
    return answers.assign(
        n_tokens=np.array([len(row) for row in ids], dtype=np.int64)[codes],
        n_unknown=np.array([np.isin(row, unknown).sum() for row in ids], dtype=np.int64)[codes],
        truncated=cut[codes],
        model_id=classifier.model_id,
    )


def _as_text(value: object) -> str:
    if not pd.api.types.is_scalar(value):
        raise DataError(f"prediction needs a text in every cell of the column text; got a {type(value).__name__}")
    return "" if pd.isna(value) else replace_surrogates(str(value))  # of an emoji cut in two


def classifier_function(classifier: Classifier) -> Callable[[list[str]], np.ndarray]:
    """Return a classifier of two polarities as a function from texts to probabilities of positive, shape (n,).

    Raises
    ------
    ModelError
        When it has other classes.
    """
    if classifier.class_names:
        raise ModelError(
            f"{classifier.model_id} has the classes {', '.join(classifier.class_names)}, and no probability of positive"
        )

    def predict(texts: list[str]) -> np.ndarray:
        check_texts(texts)
        return predict_frame(pd.DataFrame({"text": texts}), classifier)["prob_1"].to_numpy()

    return predict


def give_back() -> None:
    """Give the memory that a shard took back to the system: Arrow keeps it, and so does glibc, once a thread."""
    pa.default_memory_pool().release_unused()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
