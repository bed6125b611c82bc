"""Teach a classifier the signs that its vocabulary lacked, while it goes on to read every other text as before.

Only the embeddings of the new pieces are learnt: a text that is cut as before has the logits of before. An emoji
stands in few of our texts, most in none, so that pieces of one polarity learn one embedding together.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import ElectraForSequenceClassification

from kosent_lab.calibration.outcomes import sigmoid
from kosent_lab.core.exceptions import DataError, TrainingError
from kosent_lab.core.files import write_bytes
from kosent_lab.core.folders import whole_folder
from kosent_lab.core.held_out import refuse_test_rows
from kosent_lab.core.model_files import CALIBRATION
from kosent_lab.core.places import DATA_FOLDER
from kosent_lab.core.schema import check_columns
from kosent_lab.core.toml_lines import read_toml
from kosent_lab.models.classifier import load_classifier
from kosent_lab.models.electra import open_classifier, save_classifier
from kosent_lab.scoring.encode import encode_texts, pad
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.tokenization.tokenizers import open_tokenizer
from kosent_lab.tokenization.unknown import STRANGER, read_signs
from kosent_lab.tokenization.vocabularies import piece_id
from kosent_lab.training.options import FinetuningOptions
from kosent_lab.training.packaging import MODEL, read_taught, run_model, write_taught
from kosent_lab.training.teaching import PACK, read_teaching

logger = logging.getLogger(__name__)
EMOJI = DATA_FOLDER / "packs" / PACK / "emoji.toml"
POLARITIES = ("positive", "negative", "neutral")
EXAMPLES = 12_000
_BATCH, _RATE = 32, 0.01
_ALIKE = 1_024  # examples that are sorted by length, so that little is padded
# beside a polar text an emoji of a polarity has the text's so often: less than in our teaching text, in which hardly
# anybody smiles at what annoys him. At 0.85 one 👍 turned a quarter of the plain complaints of its valid rows, at 0.75
# a fifth
AGREE = 0.75
# of the examples: our texts that hold an emoji; a polar text and an emoji of a polarity; a neutral text, or none, and
# an emoji of a polarity; any text, or none, and a neutral emoji
SHARES = {"written": 0.2, "beside_polar": 0.3, "beside_neutral": 0.2, "neutral_emoji": 0.3}
_ALONE = 0.25  # of the examples that need no text have none
_EMPTY = pd.DataFrame({"text": [""], "target": [0.5], "answer": [0.5]})


def teach_pieces(
    start: Path, out: Path, *, count: int = EXAMPLES, seed: int = 0, device: str | None = None
) -> dict[str, Any]:
    """Make a run folder of a classifier that reads emoji, and words with a sign that no piece holds.

    Signs without a piece of their own are in no example: their piece has the embedding of neutral emoji.

    Parameters
    ----------
    start : Path
        Run folder or model folder of a classifier of two polarities; its calibration goes along.
    out : Path
        Run folder to make.
    count, seed : int
        Examples that are drawn from our teaching text (`draw_examples`), and by what.
    device : str, optional
        What answers the rows; the best there is when None.

    Returns
    -------
    dict
        ``pieces`` in all, and of the teaching text's valid rows that hold a new one: ``n``, ``accuracy`` and ``nll``
        (nats) ``_before`` and ``_after``.

    Raises
    ------
    DataError
        When the model has other classes, its vocabulary is none of WordPiece or has all the pieces, or no one could say
        what it has learnt from.
    """
    folder = run_model(start)
    taught = read_taught(start)
    model = open_classifier(folder)
    if model.config.num_labels != 2:
        raise DataError(f"pieces are taught to a classifier of two polarities; {folder} has {model.config.num_labels}")
    emoji = read_emoji()
    before = open_tokenizer(folder)
    tokenizer = read_signs(before, by_polarity(emoji))
    if tokenizer.get_vocab_size() == before.get_vocab_size():
        raise DataError(f"{folder} has pieces for all these signs: what it has learnt of them would be written over")
    rows = read_teaching(sentences=0).rename(columns={"soft_target": "target"})
    rows = rows.assign(answer=_answers(rows, folder, device))
    valid = rows[(rows["split"] == "valid") & rows["label"].notna() & _hold(rows["text"], emoji)]
    vocabulary = tokenizer.get_vocab()
    add_embeddings(model, tokenizer, emoji)
    examples = draw_examples(rows[rows["split"] == "train"], emoji, count=count, seed=seed)
    taught_as = {one: emoji.get(one, "neutral") for one in (STRANGER, *emoji) if before.token_to_id(one) is None}
    together = [[vocabulary[one] for one in taught_as if taught_as[one] == polarity] for polarity in POLARITIES]
    fit_pieces(model, tokenizer, examples, together)
    with whole_folder(out / MODEL) as fresh:
        save_classifier(model, tokenizer, fresh, seen_positions=FinetuningOptions().max_tokens)
        if (folder / CALIBRATION).is_file():
            write_bytes((folder / CALIBRATION).read_bytes(), fresh / CALIBRATION)
        write_taught(taught | {"pieces": {"examples": count, "seed": seed}}, fresh)
    after = _answers(valid, out / MODEL, device)
    said: dict[str, Any] = {"pieces": len(vocabulary), "n": len(valid)}
    for name, answer in (("before", valid["answer"].to_numpy()), ("after", after)):
        right = np.where(valid["target"] == 1, answer, 1 - answer)
        said |= {f"accuracy_{name}": float((right > 0.5).mean()), f"nll_{name}": float(-np.log(right).mean())}
    return said


def _answers(rows: pd.DataFrame, folder: Path, device: str | None) -> np.ndarray:
    """Return the shares of positive that a model gives, before calibration."""
    scored = predict_frame(rows[["text"]], load_classifier(folder, device=device))
    return sigmoid((scored["logit_1"] - scored["logit_0"]).to_numpy("float64"))


def _hold(texts: pd.Series, emoji: dict[str, str]) -> pd.Series:
    return texts.map(lambda text: not emoji.keys().isdisjoint(text))


def read_emoji(path: Path = EMOJI) -> dict[str, str]:
    """Return the emoji that become pieces, with the polarity that each adds to a text.

    Raises
    ------
    DataError
        When the file cannot be read, lacks a polarity, or names an emoji twice.
    """
    content, _ = read_toml(path, what="list of emoji")
    if set(content) != set(POLARITIES):
        raise DataError(f"{path} needs {', '.join(POLARITIES)}; got {', '.join(content)}")
    pairs = [(emoji, polarity) for polarity in POLARITIES for emoji in content[polarity]]
    if len(dict(pairs)) < len(pairs):
        twice = sorted({emoji for place, (emoji, _) in enumerate(pairs) if emoji in dict(pairs[:place])})
        raise DataError(f"{path} names {' '.join(twice)} twice")
    return dict(pairs)


def by_polarity(emoji: dict[str, str]) -> list[list[str]]:
    """Return the emoji of each of `POLARITIES`, in their order."""
    return [[one for one in emoji if emoji[one] == polarity] for polarity in POLARITIES]


def draw_examples(rows: pd.DataFrame, emoji: dict[str, str], *, count: int = EXAMPLES, seed: int = 0) -> pd.DataFrame:
    """Draw texts with new pieces in them.

    Parameters
    ----------
    rows : DataFrame
        ``text``, ``target`` (0, 1, or 0.5 where neutral), ``answer`` (what the model says of it, 0 to 1).
    emoji : dict of str to str
        From `read_emoji`.
    count, seed : int

    Returns
    -------
    DataFrame
        ``text``, ``target``, ``kind``, by `SHARES`. Beside a polar text the target is the text's, with which an emoji
        of a polarity agrees in `AGREE` of the examples; beside a neutral one it is the model's answer, and the evidence
        of such an emoji on top: the odds of a text that says nothing become those of `AGREE`. Beside a neutral
        emoji it is the model's answer, a half where there is no text.
    """
    check_columns(rows, ["text", "target", "answer"], what="new pieces")
    refuse_test_rows(rows, what="the new pieces")
    draw = np.random.default_rng(seed)
    of = dict(zip(POLARITIES, by_polarity(emoji), strict=True))
    with_piece = _hold(rows["text"], emoji)
    written, plain = rows[with_piece], rows[~with_piece]
    polar, neutral = plain[plain["target"] != 0.5], plain[plain["target"] == 0.5]
    if any(part.empty for part in (written, polar, neutral)):
        raise DataError("new pieces are taught by texts that hold some, and by polar and neutral ones that do not")
    parts = []
    for kind, share in SHARES.items():
        pool = {"written": written, "beside_polar": polar, "beside_neutral": neutral, "neutral_emoji": plain}[kind]
        some = pool.iloc[draw.integers(len(pool), size=round(share * count))]
        if kind in ("beside_neutral", "neutral_emoji"):
            none = draw.random(len(some)) < _ALONE
            some = pd.concat([some[~none], _EMPTY.loc[[0] * none.sum()]], ignore_index=True)
        texts = some["text"].tolist()
        target = some["target" if kind in ("written", "beside_polar") else "answer"].to_numpy("float64")
        if kind == "neutral_emoji":
            texts = [_beside(text, of["neutral"], draw) for text in texts]
        elif kind != "written":
            smiles = draw.random(len(some)) < (
                np.where(target == 1, AGREE, 1 - AGREE) if kind == "beside_polar" else 0.5
            )
            signs = [of["positive" if one else "negative"] for one in smiles]
            texts = [_beside(text, some_signs, draw) for text, some_signs in zip(texts, signs, strict=True)]
            if kind == "beside_neutral":
                praise = target * np.where(smiles, AGREE, 1 - AGREE)
                target = praise / (praise + (1 - target) * np.where(smiles, 1 - AGREE, AGREE))
        parts.append(pd.DataFrame({"text": texts, "target": target, "kind": kind}))
    return pd.concat(parts, ignore_index=True).sample(frac=1, random_state=seed).reset_index(drop=True)


def _beside(text: str, signs: list[str], draw: np.random.Generator) -> str:
    """Put a sign behind a text, before it, or behind one of its words; glued to it or not. A row is read as one."""
    sign = draw.choice(signs)
    gap, place = "" if draw.random() < 0.6 else " ", draw.random()
    if place < 0.75 or not text:
        return f"{text}{gap}{sign}"
    if place < 0.85:
        return f"{sign}{gap}{text}"
    words = text.split(" ")
    words[int(draw.integers(len(words)))] += f"{gap}{sign}"
    return " ".join(words)


def add_embeddings(model: ElectraForSequenceClassification, tokenizer: Tokenizer, emoji: dict[str, str]) -> None:
    """Give a model rows for the pieces that it has none for: between signs and words of their polarity."""
    before = model.config.vocab_size
    vocabulary = tokenizer.get_vocab()
    words = model.resize_token_embeddings(max(vocabulary.values()) + 1, mean_resizing=False).weight.detach()
    near = {"positive": ("♥", "♡", "굿", "최고"), "negative": ("헐", "최악", "별로"), "neutral": (".", "~", "…")}
    means = {
        polarity: words[[vocabulary[one] for one in names if vocabulary.get(one, before) < before]]
        for polarity, names in near.items()
    }
    middle = means["neutral"].mean(0) if len(means["neutral"]) else words[:before].mean(0)
    for piece, place in vocabulary.items():
        if place >= before:
            own = means[emoji.get(piece, "neutral")]
            words[place] = (middle + (own.mean(0) if len(own) else middle)) / 2


def fit_pieces(
    model: ElectraForSequenceClassification, tokenizer: Tokenizer, examples: pd.DataFrame, together: list[list[int]]
) -> list[float]:
    """Teach the embeddings of some pieces and nothing else, by binary cross-entropy on soft targets.

    Parameters
    ----------
    model : ElectraForSequenceClassification
        Outputs negative, positive; changed in the embeddings of these pieces alone.
    tokenizer : tokenizers.Tokenizer
    examples : DataFrame
        From `draw_examples`; gone through once, the rate falling to nothing.
    together : list of list of int
        Ids of the pieces that are taught; those of one list learn one embedding, from their mean.

    Returns
    -------
    list of float
        The mean loss of every hundred updates, nats.

    Raises
    ------
    DataError
        When there are test rows among them.
    TrainingError
        When the loss is no number any more.
    """
    refuse_test_rows(examples, what="the new pieces")
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    words = model.electra.embeddings.word_embeddings
    place = torch.full((words.num_embeddings,), -1)
    for number, ids in enumerate(together):
        place[ids] = number
    rows = nn.Parameter(torch.stack([words.weight[ids].mean(0) for ids in together]))
    optimizer = torch.optim.Adam([rows], lr=_RATE)
    encoded, _ = encode_texts(tokenizer, examples["text"], max_tokens=FinetuningOptions().max_tokens)
    lengths = np.array([len(row) for row in encoded])
    order = np.lexsort((lengths, np.arange(len(encoded)) // _ALIKE))
    encoded = [encoded[number] for number in order]
    target = torch.tensor(examples["target"].to_numpy()[order], dtype=torch.float32)
    pad_id = piece_id(tokenizer, "[PAD]")
    losses: list[float] = []
    for start in range(0, len(encoded), _BATCH):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * (1 - start / len(encoded))
        ids, mask = pad(encoded[start : start + _BATCH], pad_id)
        own = place[ids]
        inputs = torch.where((own >= 0)[..., None], rows[own.clamp(min=0)], words(ids))
        logits = model(inputs_embeds=inputs, attention_mask=mask).logits
        loss = nn.functional.binary_cross_entropy_with_logits(
            logits[:, 1] - logits[:, 0], target[start : start + _BATCH]
        )
        if not torch.isfinite(loss):
            raise TrainingError(f"the loss is {loss.item()} after {start} examples: the model cannot be taught so")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if len(losses) % 100 == 0:
            logger.info("%d of %d examples, loss %.4f", start + _BATCH, len(encoded), np.mean(losses[-100:]))
    with torch.no_grad():
        words.weight[place >= 0] = rows[place[place >= 0]]
    return [float(np.mean(losses[at : at + 100])) for at in range(0, len(losses), 100)]
