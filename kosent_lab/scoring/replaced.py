"""Ask a trained pair: what the generator would write, and which pieces the discriminator takes for replaced.

Training the pair lives in ``training.pretraining``, drawing in ``scoring.plots``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer

from kosent_lab.core.auroc import weighted_auroc
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.hangul import clean_text
from kosent_lab.core.intervals import percentile_interval, resample_counts
from kosent_lab.core.schema import check_columns, check_texts
from kosent_lab.models.corruption import choose_places, sample
from kosent_lab.models.devices import seeded
from kosent_lab.models.pairs import ElectraPair
from kosent_lab.scoring.encode import bucket_batches, encode_texts, pad
from kosent_lab.tokenization.cutters import plain_tokenizer
from kosent_lab.tokenization.vocabularies import piece_id

BATCH_TOKENS = 4_096


@torch.inference_mode()
def replace_pieces(
    pair: ElectraPair,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    *,
    mask_share: float = 0.15,
    seed: int = 0,
) -> pd.DataFrame:
    """Mask pieces, let the generator fill them, and let the discriminator judge every piece.

    Parameters
    ----------
    pair : ElectraPair
        In eval mode.
    tokenizer : tokenizers.Tokenizer
    texts : sequence of str, length n
        Cut at the model's longest input.
    mask_share : float
        Share of each text's pieces that the generator fills in, at least one; 0 changes nothing, and
        the discriminator judges the text as it stands.
    seed : int

    Returns
    -------
    DataFrame
        One row per piece: ``text`` (row number), ``piece_index``, ``start``, ``end`` (characters),
        ``piece``, ``masked``, ``shown`` (what the discriminator saw), ``replaced`` (another piece than
        there was), ``generator_hit`` (missing where not masked), ``score`` (probability of replaced).

    Raises
    ------
    DataError
        When there is no text.
    """
    check_texts(texts)
    texts = ["" if text is None or text != text else str(text) for text in texts]  # as `encode_texts` reads them
    if not texts:
        raise DataError("needs one text or more; got none")
    pad_id, mask_id = piece_id(tokenizer, "[PAD]"), piece_id(tokenizer, "[MASK]")
    limit = pair.discriminator.config.max_position_embeddings
    rows, _ = encode_texts(tokenizer, texts, max_tokens=limit)
    # their pieces and places in the text, which ids alone do not tell
    encoded = plain_tokenizer(tokenizer).encode_batch([clean_text(text) for text in texts])
    inner_pieces = [slice(1, len(row) - 1) for row in rows]
    device = next(pair.parameters()).device
    masked_rows: dict[int, np.ndarray] = {}
    shown_rows: dict[int, np.ndarray] = {}
    score_rows: dict[int, np.ndarray] = {}
    with seeded(seed, device):
        for batch in bucket_batches(np.array([len(row) for row in rows]), batch_tokens=BATCH_TOKENS):
            ids, mask = pad([rows[i] for i in batch], pad_id)
            chosen = choose_places(ids, mask_id, mask_share) if mask_share > 0 else torch.empty(0, dtype=torch.int64)
            shown, masked = ids.clone(), torch.zeros(ids.shape, dtype=torch.bool)
            masked.view(-1)[chosen] = True
            if len(chosen):
                blanked = ids.masked_fill(masked, mask_id).to(device)
                logits = pair.fill(blanked, mask.to(device), chosen.to(device))
                shown.view(-1)[chosen] = sample(logits.cpu())  # there, so that a seed draws the same on any device
            score = torch.sigmoid(pair.detect(shown.to(device), mask.to(device)).float()).cpu()
            for place, index in enumerate(batch):
                inner = slice(1, len(rows[index]) - 1)  # without the special pieces
                for kept, values in ((masked_rows, masked), (shown_rows, shown), (score_rows, score)):
                    kept[index] = values[place, inner].numpy()

    order = range(len(rows))
    spoken = list(zip(encoded, inner_pieces, strict=True))
    offsets = np.concatenate([np.array(item.offsets[inner], dtype="int64").reshape(-1, 2) for item, inner in spoken])
    masked, shown, score = (np.concatenate([kept[i] for i in order]) for kept in (masked_rows, shown_rows, score_rows))
    replaced = shown != np.concatenate([row[1:-1] for row in rows])
    return pd.DataFrame(
        {
            "text": np.repeat(np.arange(len(rows)), [len(row) - 2 for row in rows]),
            "piece_index": np.concatenate([np.arange(len(row) - 2) for row in rows]),
            "start": offsets[:, 0],
            "end": offsets[:, 1],
            "piece": [piece for item, inner in spoken for piece in item.tokens[inner]],
            "masked": masked,
            "shown": [tokenizer.id_to_token(int(index)) for index in shown],
            "replaced": replaced,
            "generator_hit": pd.array(~replaced, dtype="boolean"),
            "score": score,
        }
    ).assign(generator_hit=lambda table: table["generator_hit"].where(table["masked"]))


@torch.inference_mode()
def guess_pieces(pair: ElectraPair, tokenizer: Tokenizer, text: str, place: int, *, count: int = 5) -> pd.DataFrame:
    """Return what the generator would write in the place of a piece.

    Parameters
    ----------
    pair, tokenizer :
        As for `replace_pieces`.
    text : str
    place : int
        Which piece, counted from 0.
    count : int

    Returns
    -------
    DataFrame
        ``piece`` and ``probability``, the likeliest first.
    """
    limit = pair.discriminator.config.max_position_embeddings
    ids, _ = pad(encode_texts(tokenizer, [text], max_tokens=limit)[0], 0)
    if not 0 <= place < ids.shape[1] - 2:
        raise DataError(f"the text has the pieces 0 to {ids.shape[1] - 3}; got {place}")
    ids[0, place + 1] = piece_id(tokenizer, "[MASK]")
    ids = ids.to(next(pair.parameters()).device)
    odds = pair.fill(ids, torch.ones_like(ids), torch.tensor([place + 1], device=ids.device))[0]
    best = torch.softmax(odds.float(), -1).cpu().topk(count)
    pieces = [tokenizer.id_to_token(int(index)) for index in best.indices]
    return pd.DataFrame({"piece": pieces, "probability": best.values.numpy()})


def measure_detection(table: pd.DataFrame, *, resamples: int = 500, seed: int = 0) -> pd.DataFrame:
    """Measure how well replaced pieces are found, and how well the generator fills in.

    Parameters
    ----------
    table : DataFrame
        From `replace_pieces`.
    resamples, seed : int
        Of the bootstrap, which draws whole texts: pieces of one text are no independent cases.

    Returns
    -------
    DataFrame
        Metric rows: ``auroc`` (replaced against original, all pieces), ``generator_hits`` (share of the
        masked pieces for which it drew what was there; its likeliest piece is right more often),
        ``replaced_share`` (of all pieces), with ``ci_low``, ``ci_high``, ``n`` (pieces) and ``params``.

    Raises
    ------
    DataError
        When nothing was replaced, or everything.
    """
    check_columns(table, ["text", "replaced", "masked", "score"], what="detection")
    replaced, score = table["replaced"].to_numpy(), table["score"].to_numpy()
    if replaced.all() or not replaced.any():
        found = f"{int(replaced.sum())} of {len(table)} are replaced"
        raise DataError(f"detection needs replaced and original pieces; {found}. Mask more pieces or take more texts.")
    masked = table["masked"].to_numpy()
    codes = pd.factorize(table["text"])[0]

    def measures(weight: np.ndarray) -> list[float]:
        of_masked = weight[masked].sum()  # none of a text without a piece that is known
        return [
            float(weighted_auroc(replaced, score, weight[None])[0]),
            float((weight[masked] @ ~replaced[masked]) / of_masked) if of_masked else float("nan"),
            float(np.average(replaced, weights=weight)),
        ]

    texts = int(codes.max()) + 1
    values = measures(np.ones(len(table)))
    draws = [measures(counts[codes]) for counts in resample_counts(texts, resamples=resamples, seed=seed)]
    bounds = [percentile_interval(of, value=value) for of, value in zip(zip(*draws, strict=True), values, strict=True)]
    counts = [len(table), int(masked.sum()), len(table)]
    return pd.DataFrame(
        {
            "metric": ["auroc", "generator_hits", "replaced_share"],
            "value": values,
            "ci_low": [low for low, _ in bounds],
            "ci_high": [high for _, high in bounds],
            "n": counts,
            "params": f"texts={texts}, bootstrap={resamples} of texts, seed={seed}",
        }
    )
