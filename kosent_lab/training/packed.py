"""What training reads, in one small file: encoded rows of each stage, and the hashes of all that they come from.

A machine that trains then needs neither corpora nor Kiwi, and begins at once. Rows are encoded in
``training.encoded``; the state of a run is in ``training.checkpoints``.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import file_sha256, whole
from kosent_lab.corpora import cards
from kosent_lab.training.encoded import NUMBERS, WORDS, Encoded
from kosent_lab.training.labelled import SNAPSHOT, open_named
from kosent_lab.training.teaching import GRAMMAR, PACK

_FORMAT = "kosent-lab packed 1"
_PIECE = "<u2"  # an id


def inputs_sha256(names: list[str]) -> dict[str, str]:
    """Return the hashes of what rows come from: each corpus by its card, a snapshot by its manifest, a user's file by
    its bytes, the grammar.
    """
    found = {}
    known = {card.name: card for card in cards.list_cards()}
    for name in sorted(set(names)):
        if name in known:
            found |= {f"{name}:{file.path}": file.sha256 for file in known[name].files}
        elif snapshot := open_named(name):
            found[f"{SNAPSHOT}{snapshot.version}"] = snapshot.sha256
        else:
            found[name] = file_sha256(Path(name))
    if PACK in names:
        found[f"{PACK}:{GRAMMAR.name}"] = file_sha256(GRAMMAR)
    return found


def save_packed(
    stages: dict[str, Encoded], seen: dict[str, dict[str, Any]], inputs: dict[str, str], path: Path
) -> None:
    """Write encoded rows into one safetensors file, whole or not at all.

    Parameters
    ----------
    stages : dict of str to Encoded
        ``pretrain`` and ``finetune``, made with one vocabulary. A text that both read is kept once.
    seen : dict of str to dict
        What `packaging.write_taught` says of each stage.
    inputs : dict
        From `inputs_sha256`.
    path : Path

    Raises
    ------
    DataError
        When the vocabulary is too large for an id of two bytes.
    """
    largest = max((int(row.max()) for rows in stages.values() for row in rows.ids if len(row)), default=0)
    if largest > np.iinfo(_PIECE).max:
        raise DataError(f"a packed file holds vocabularies of up to 65,536 pieces; this one has piece {largest}")
    texts: dict[bytes, int] = {}
    arrays: dict[str, np.ndarray] = {}
    words: dict[str, list[str]] = {}
    for stage, rows in stages.items():
        keys = (row.astype(_PIECE).tobytes() for row in rows.ids)
        place = np.array([texts.setdefault(key, len(texts)) for key in keys], dtype="<i4")
        arrays[f"{stage}.text"] = np.diff(place, prepend=0)  # mostly ones: next to nothing when compressed
        for name in rows.columns:
            key, values = f"{stage}.{name}", rows.columns[name].to_numpy()
            if name in WORDS:
                words[key] = sorted(set(values.tolist()))
                values = np.array([words[key].index(value) for value in values], dtype="u1")
            arrays[key] = values
    arrays["pieces"] = np.frombuffer(b"".join(texts), dtype=_PIECE)
    arrays["lengths"] = np.array([len(text) // arrays["pieces"].itemsize for text in texts], dtype="<i4")
    (vocabulary,) = {rows.vocabulary for rows in stages.values()}
    kinds = {name: values.dtype.str for name, values in arrays.items()}
    about = {"words": words, "kinds": kinds, "seen": seen, "inputs": inputs, "vocabulary": vocabulary}
    tensors = {
        name: torch.frombuffer(bytearray(_squeeze(values)), dtype=torch.uint8) for name, values in arrays.items()
    }
    with whole(path) as partial:
        save_file(
            tensors, partial, metadata={"format": _FORMAT} | {key: json.dumps(value) for key, value in about.items()}
        )


def _squeeze(values: np.ndarray) -> bytes:
    """Compress an array: pieces to two thirds, columns to next to nothing."""
    return lzma.compress(values.tobytes(), preset=2)


def load_packed(path: Path, stage: str) -> tuple[Encoded, dict[str, Any]]:
    """Read the rows of a stage from what `save_packed` wrote.

    Returns
    -------
    Encoded
    dict
        What the stage is taught by, for `packaging.write_taught`.

    Raises
    ------
    DataError
        When the file is damaged or no packed file, lacks the stage, or was made of other inputs than those here:
        which hash differs.
    """
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise DataError(f"{path} is no file that kosent-lab train pack of this version wrote; pack again")
            if f"{stage}.text" not in metadata["kinds"]:
                raise DataError(f"{path} holds nothing for {stage}; pack again: kosent-lab train pack")
            words, kinds = json.loads(metadata["words"]), json.loads(metadata["kinds"])
            arrays = {
                name: np.frombuffer(lzma.decompress(file.get_tensor(name).tobytes()), dtype=kind)
                for name, kind in kinds.items()
                if name in ("pieces", "lengths") or name.startswith(f"{stage}.")
            }
    except (SafetensorError, OSError, lzma.LZMAError) as error:
        raise DataError(
            f"the packed file {path} cannot be read: {error}. Pack again: kosent-lab train pack."
        ) from error
    _check_inputs(json.loads(metadata["inputs"]), path)
    ends = np.cumsum(arrays["lengths"])
    texts = np.split(arrays["pieces"].astype("int32"), ends[:-1])
    places = np.cumsum(arrays[f"{stage}.text"])
    columns: dict[str, np.ndarray] = {}
    for name in (*WORDS, *NUMBERS):
        if (key := f"{stage}.{name}") in arrays:
            columns[name] = np.array(words[key])[arrays[key]] if name in WORDS else arrays[key]
    rows = Encoded([texts[place] for place in places], pd.DataFrame(columns), json.loads(metadata["vocabulary"]))
    return rows, json.loads(metadata["seen"])[stage]


def _check_inputs(packed: dict[str, str], path: Path) -> None:
    """Refuse a file of other corpora or another grammar than this clone's; a user's files may lie elsewhere."""
    known = {card.name for card in cards.list_cards()}
    here = inputs_sha256([name for name in {key.split(":")[0] for key in packed} if name in known])
    for key, found in packed.items():
        if key.split(":")[0] in known and here.get(key) != found:
            raise DataError(
                f"{path} was packed from another {key} (SHA-256 {found[:12]} there, {here.get(key, 'none')[:12]} "
                "here). Pack again: kosent-lab train pack."
            )
