"""What each piece of a text adds to the answer: integrated gradients, summed to morphemes and words.

The answer is the log-odds of positive, held against that of the same text with a mask in the place of every piece.
How far such numbers can be believed is measured in ``behaviour.faithfulness``; they are shown in ``coloured_text``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import torch

from kosent_lab.core.exceptions import DataError, ModelError
from kosent_lab.core.hangul import clean_text
from kosent_lab.core.schema import check_columns, check_texts
from kosent_lab.korean.morphemes import JOSA_TAGS
from kosent_lab.models.classifier import Classifier
from kosent_lab.models.lean import LeanElectra
from kosent_lab.scoring.encode import bucket_batches, encode_texts, pad
from kosent_lab.scoring.predict import one_thread, shared_cores
from kosent_lab.tokenization.cutters import as_cutter

STEPS = 8
MOST_STEPS = 256
TOLERANCE = 0.01
_SMALLEST = 0.1  # nats: of a smaller difference one hundredth is noise
_BATCH_TOKENS = 1_024


def attribute(
    texts: Iterable[str],
    classifier: Classifier,
    *,
    steps: int = STEPS,
    most_steps: int = MOST_STEPS,
    tolerance: float = TOLERANCE,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Share the log-odds of each text out over its pieces (integrated gradients).

    Parameters
    ----------
    texts : iterable of str, length n
    classifier : Classifier
        An ELECTRA of two classes whose forward pass has gradients: fp32. bf16 works, but its rounding keeps the sums
        of many texts off by more than `tolerance`, however many the steps.
    steps : int
        Parts of the way from the masks to the text (Clenshaw–Curtis, whose places stay when the steps are doubled);
        even; doubled for the texts whose pieces do not sum to the difference yet.
    most_steps : int
        No more than these.
    tolerance : float
        How far the sum may be from the difference, as a share of it; of a difference below 0.1 nats, as a share of 0.1.

    Returns
    -------
    DataFrame
        One row per piece: ``text_index``, ``piece``, ``start``, ``end`` (characters of the text), ``attribution``
        (nats of the log-odds of positive). Pieces of texts beyond the model's length have none.
    DataFrame
        One row per text: ``text``, ``log_odds``, ``log_odds_masked`` (of the masks), ``total`` (sum over the pieces),
        ``steps``, ``complete`` (the sum is the difference within `tolerance`).

    Raises
    ------
    ModelError
        When the model has no gradients; `faithfulness.leave_one_out` works with any model.

    References
    ----------
    Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks".
    """
    check_texts(texts)
    if steps < 2 or steps % 2 or steps > most_steps:
        raise DataError(f"steps are an even number from 2 to most_steps ({most_steps}); got {steps}")
    model = _with_gradients(classifier)
    texts = [clean_text("" if pd.isna(text) else str(text)) for text in texts]
    ids, _ = encode_texts(classifier.backend, texts, max_tokens=classifier.max_tokens)
    shares = [np.zeros(len(row)) for row in ids]
    log_odds, masked, taken = np.zeros(len(ids)), np.zeros(len(ids)), np.zeros(len(ids), dtype="int64")

    def one(batch: np.ndarray) -> None:
        path = _Path(model, classifier, [ids[row] for row in batch])
        found, number = path.integrate(steps, most_steps, tolerance)
        log_odds[batch], masked[batch], taken[batch] = path.full, path.none, number
        for row, share in zip(batch, found, strict=True):
            shares[row] = share[: len(ids[row])]

    batches = bucket_batches(np.array([len(row) for row in ids], dtype="int64"), batch_tokens=_BATCH_TOKENS)
    with (
        shared_cores(classifier.device) as workers,
        ThreadPoolExecutor(workers, initializer=one_thread if classifier.device.type == "cpu" else None) as pool,
    ):
        list(pool.map(one, batches))
    total = np.array([share.sum() for share in shares])
    about = pd.DataFrame({"text": texts, "log_odds": log_odds, "log_odds_masked": masked, "total": total})
    about = about.assign(steps=taken, complete=_gap(log_odds - masked, total) <= tolerance)
    return _piece_table(texts, classifier, shares), about


def _gap(difference: np.ndarray, total: np.ndarray) -> np.ndarray:
    return np.abs(total - difference) / np.maximum(np.abs(difference), _SMALLEST)


def _with_gradients(classifier: Classifier) -> LeanElectra:
    if classifier.class_names:
        raise ModelError(
            f"attribution explains the log-odds of positive; {classifier.model_id} has the classes "
            f"{', '.join(classifier.class_names)}"
        )
    if isinstance(classifier.forward, LeanElectra):
        return classifier.forward
    raise ModelError(
        f"attribution needs an ELECTRA in fp32 or bf16, whose gradients are known; got {classifier.model_id} in "
        f"{classifier.precision}. Leaving words out (leave_one_out) works with any model of two polarities."
    )


class _Path:
    """The way from the masks to the texts of a batch, and the slope of the log-odds along it."""

    def __init__(self, model: LeanElectra, classifier: Classifier, ids: Sequence[np.ndarray]) -> None:
        inputs, self.mask = (part.to(classifier.device) for part in pad(ids, classifier.pad_id))
        mask_id = classifier.backend.token_to_id("[MASK]")
        mask_id = classifier.unknown_id if mask_id is None else mask_id
        if mask_id is None:
            raise ModelError("attribution needs a tokenizer with [MASK] or an unknown piece, which words give way to")
        inside = self.mask.bool()
        inside[:, 0] = False  # [CLS] and [SEP] stand in both
        inside[torch.arange(len(ids)), self.mask.sum(dim=1) - 1] = False
        hidden = inputs.masked_fill(inside, mask_id)
        self.model, self.columns = model, classifier.label_columns
        with torch.no_grad():
            self.start = model.embed(hidden)
            self.step = model.embed(inputs) - self.start
            self.none, self.full = (
                self._odds(self.start + part * self.step, slice(None)).double().cpu().numpy() for part in (0, 1)
            )

    def _odds(self, embedded: torch.Tensor, rows: slice | np.ndarray) -> torch.Tensor:
        logits = self.model.classify(self.model.read(embedded, self.mask[rows])).float()
        return logits[:, self.columns[1]] - logits[:, self.columns[0]]

    def slopes(self, place: float, rows: np.ndarray) -> np.ndarray:
        """Return how each position of some rows moves the log-odds at a place of the way, shape (rows, positions)."""
        step = self.step[rows]
        embedded = (self.start[rows] + place * step).requires_grad_(True)
        gradient = torch.autograd.grad(self._odds(embedded, rows).sum(), embedded)[0]
        return (gradient.float() * step.float()).sum(dim=-1).double().cpu().numpy()

    def integrate(self, steps: int, most: int, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the share of each position, shape (rows, positions), and the steps that each row took."""
        rows = np.arange(len(self.full))
        shares, taken = np.zeros(self.mask.shape), np.zeros(len(rows), dtype="int64")
        known: dict[float, np.ndarray] = {}  # places of the way: those of fewer steps are among those of more
        while len(rows) and steps <= most:
            places = [(1 - np.cos(np.pi * number / steps)) / 2 for number in range(steps + 1)]
            for place in map(_rounded, places):
                if place not in known:
                    known[place] = np.zeros_like(shares)
                    known[place][rows] = self.slopes(place, rows)
            parts = zip(map(_rounded, places), _weights(steps), strict=True)
            shares[rows] = sum(weight * known[place][rows] for place, weight in parts)
            taken[rows] = steps
            rows = rows[_gap(self.full - self.none, shares.sum(axis=1))[rows] > tolerance]
            steps *= 2
        return shares, taken


def _rounded(place: float) -> float:
    return round(float(place), 12)


@functools.cache
def _weights(steps: int) -> np.ndarray:
    """Return the weights of Clenshaw and Curtis over 0 to 1 for an even number of steps, shape (steps + 1,)."""
    inner = np.ones(steps - 1)
    angles = np.pi * np.arange(1, steps) / steps
    for number in range(1, steps // 2):
        inner -= 2 * np.cos(2 * number * angles) / (4 * number**2 - 1)
    inner -= np.cos(steps * angles) / (steps**2 - 1)
    end = 1 / (steps**2 - 1)
    return np.concatenate([[end], 2 * inner / steps, [end]]) / 2


def _piece_table(texts: Sequence[str], classifier: Classifier, shares: Sequence[np.ndarray]) -> pd.DataFrame:
    rows = []
    for index, (pieces, share) in enumerate(zip(as_cutter(classifier.backend).cut(texts), shares, strict=True)):
        values = share[1 : len(share) - 1]  # [CLS] and [SEP] stand in both texts and carry nothing
        rows += [
            (index, piece.shown, piece.start, piece.end, value) for piece, value in zip(pieces, values, strict=False)
        ]
    return pd.DataFrame(rows, columns=["text_index", "piece", "start", "end", "attribution"])


def sum_to_units(pieces: pd.DataFrame, units: pd.DataFrame) -> pd.Series:
    """Sum the attribution of pieces to morphemes, words or other spans; a piece over two is shared by characters.

    Parameters
    ----------
    pieces : DataFrame
        From `attribute`.
    units : DataFrame
        ``text_index``, ``start``, ``end``, in any order.

    Returns
    -------
    Series of float, with the index of `units`
    """
    check_columns(pieces, ["text_index", "start", "end", "attribution"], what="summing attribution")
    check_columns(units, ["text_index", "start", "end"], what="summing attribution")
    spans = pieces[["start", "end"]].to_numpy(dtype="int64")
    each = pieces["attribution"].to_numpy() / np.maximum(spans[:, 1] - spans[:, 0], 1)
    sums = {}
    for index, places in pieces.groupby("text_index").indices.items():
        ends = spans[places]
        curve = np.zeros(int(ends.max(initial=0)) + 1)
        for (start, end), value in zip(ends, each[places], strict=True):
            curve[start:end] += value
        sums[index] = np.concatenate([[0.0], np.cumsum(curve)])

    def between(index: int, start: int, end: int) -> float:
        curve = sums.get(index)
        return 0.0 if curve is None else float(curve[min(end, len(curve) - 1)] - curve[min(start, len(curve) - 1)])

    keys = units[["text_index", "start", "end"]].itertuples(index=False)
    return pd.Series([between(*key) for key in keys], index=units.index, dtype="float64")


def attribute_words(pieces: pd.DataFrame, words: pd.DataFrame) -> pd.DataFrame:
    """Sum pieces to words (eojeol) and, where they are read, to their morphemes by kind.

    Parameters
    ----------
    pieces : DataFrame
        From `attribute`.
    words : DataFrame
        From `morphology.read_eojeol`, with ``doc_id`` the number of the text.

    Returns
    -------
    DataFrame
        One row per morpheme with characters of its own: ``text_index``, ``eojeol_index``, ``surface``, ``start``,
        ``end``, ``tag``, ``kind`` (``josa``, ``eomi``, ``mark``, ``stem``), ``attribution``.
    """
    rows = []
    for word in words.to_dict("records"):
        bounds = [*word["morpheme_starts"], word["end"]]
        for number, tag in enumerate(word["morpheme_tags"]):
            start, end = bounds[number], bounds[number + 1]
            surface = word["eojeol"][start - word["start"] : end - word["start"]]
            rows.append((word["doc_id"], word["eojeol_index"], surface, start, end, tag, kind_of(tag)))
    names = ["text_index", "eojeol_index", "surface", "start", "end", "tag", "kind"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(attribution=sum_to_units(pieces, table))


def kind_of(tag: str) -> str:
    """Return what a Sejong tag stands for: a particle, an ending, a mark (punctuation, emoticons, jamo), or a stem."""
    if tag in JOSA_TAGS:
        return "josa"
    if tag.startswith("E"):
        return "eomi"
    return "mark" if tag.startswith(("S", "W")) and tag not in ("SL", "SN", "SH") else "stem"


def kind_table(morphemes: pd.DataFrame) -> pd.DataFrame:
    """Say what each kind of morpheme carries of the answers.

    Parameters
    ----------
    morphemes : DataFrame
        From `attribute_words`.

    Returns
    -------
    DataFrame
        ``kind``, ``n``, ``share`` (of the summed absolute attribution), ``share_characters`` (of all characters),
        ``mean_size`` (nats a morpheme), ``mean`` (signed: above 0 leans to positive).
    """
    sizes = morphemes.assign(size=morphemes["attribution"].abs(), length=morphemes["end"] - morphemes["start"])
    grouped = sizes.groupby("kind", sort=False)
    table = grouped.agg(
        n=("size", "size"), total=("size", "sum"), length=("length", "sum"), mean=("attribution", "mean")
    )
    table = table.assign(
        share=table["total"] / table["total"].sum(),
        share_characters=table["length"] / table["length"].sum(),
        mean_size=table["total"] / table["n"],
    )
    columns = ["kind", "n", "share", "share_characters", "mean_size", "mean"]
    return table.sort_values("share", ascending=False).reset_index()[columns]
