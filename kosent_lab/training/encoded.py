"""Rows as a training reads them: pieces in place of texts, targets and shares beside them.

How texts become ids is decided in ``scoring.encode``; what of them is kept in a file, in ``training.packed``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.schema import check_columns
from kosent_lab.scoring.encode import encode_texts
from kosent_lab.tokenization.cutters import plain_tokenizer
from kosent_lab.tokenization.vocabularies import SPECIAL_PIECES, piece_id

# what a training looks at; numbers with NaN where there is none, so that a file gives back the same to the bit
WORDS = ("split", "corpus")
NUMBERS = ("label", "rating", "soft_target", "share", "teaching_share")


@dataclasses.dataclass(frozen=True)
class Encoded:
    """Encoded rows.

    Parameters
    ----------
    ids : list of ndarray of int, length n
        Whole texts, the special pieces included.
    columns : DataFrame, n rows
        Those of `WORDS` and `NUMBERS` that there are, numbered from 0.
    vocabulary : str
        SHA-256 of the tokenizer that made the ids.
    """

    ids: list[np.ndarray]
    columns: pd.DataFrame
    vocabulary: str

    def where(self, chosen: pd.Series | np.ndarray) -> Encoded:
        """Return the rows that are chosen, a bool each."""
        places = np.flatnonzero(np.asarray(chosen))
        columns = self.columns.iloc[places].reset_index(drop=True)
        return dataclasses.replace(self, ids=[self.ids[place] for place in places], columns=columns)

    def cut(self, max_tokens: int) -> list[np.ndarray]:
        """Return the ids, longer rows cut as `encode.encode_texts` cuts them: the last id stays the last."""
        return [row if len(row) <= max_tokens else np.append(row[: max_tokens - 1], row[-1:]) for row in self.ids]

    @property
    def sha256(self) -> str:
        """The SHA-256 of all ids and the lengths of their rows."""
        digest = hashlib.sha256(np.array([len(row) for row in self.ids], dtype="<i4").tobytes())
        for row in self.ids:
            digest.update(row.astype("<i4").tobytes())
        return digest.hexdigest()


def vocabulary_sha256(tokenizer: Tokenizer) -> str:
    """Return the SHA-256 of a tokenizer: pieces, normalisation and all, but where it would cut or pad."""
    return hashlib.sha256(plain_tokenizer(tokenizer).to_str().encode("utf-8")).hexdigest()


def check_teachable(tokenizer: Tokenizer) -> None:
    """Refuse a tokenizer that an ELECTRA cannot be taught with as it is taught here.

    Pieces are hidden and replaced by their ids: what stands up to ``[MASK]`` is special, what stands behind it a piece
    of text, and a text begins with ``[CLS]`` and ends with ``[SEP]``.

    Raises
    ------
    DataError
        With what is missing or stands where it may not.
    """
    names = ", ".join(SPECIAL_PIECES)
    how = f"Learn one that begins with {names}: kosent-lab train vocabulary"
    if lacking := [name for name in SPECIAL_PIECES if tokenizer.token_to_id(name) is None]:
        raise DataError(f"training needs a tokenizer with {names}; none here: {', '.join(lacking)}. {how}")
    ids = {name: piece_id(tokenizer, name) for name in SPECIAL_PIECES}
    last = ids["[MASK]"]
    odd = [name for name, number in ids.items() if number > last]
    before = map(tokenizer.id_to_token, range(last))
    odd += [piece for piece in before if piece and not re.fullmatch(r"\[.*\]|<.*>", piece)]
    if odd:
        raise DataError(
            f"training needs a tokenizer whose special pieces stand before all others, [MASK] the last of them; here "
            f"{odd[0]!r} does not. {how}"
        )
    found = plain_tokenizer(tokenizer).encode("가").ids
    if found[0] != ids["[CLS]"] or found[-1] != ids["[SEP]"]:
        raise DataError(f"training needs a tokenizer that puts [CLS] before a text and [SEP] behind it. {how}")


def encode_rows(tokenizer: Tokenizer, frame: pd.DataFrame | Encoded, *, what: str) -> Encoded:
    """Encode the texts of a document frame; what is encoded already is returned as it is.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
    frame : DataFrame or Encoded
        Columns ``text`` and ``split``, and those of `WORDS` and `NUMBERS` that a training looks at.
    what : str
        For which training, for the message.

    Raises
    ------
    DataError
        When a column is missing, the rows were encoded with another vocabulary, or no ELECTRA can be taught with the
        tokenizer (`check_teachable`).
    """
    check_teachable(tokenizer)
    if isinstance(frame, Encoded):
        here = vocabulary_sha256(tokenizer)
        if frame.vocabulary != here:
            raise DataError(
                f"the packed rows were made with another vocabulary (SHA-256 {frame.vocabulary[:12]}) than that of "
                f"this run ({here[:12]}). Pack them again: kosent-lab train pack --vocabulary DIR."
            )
        return frame
    check_columns(frame, ["text", "split"], what=what)
    ids, _ = encode_texts(tokenizer, frame["text"], max_tokens=1 << 30)
    columns = {name: frame[name].astype("str").to_numpy() for name in WORDS if name in frame.columns}
    for name in NUMBERS:
        if name in frame.columns:
            try:
                columns[name] = frame[name].astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
            except (TypeError, ValueError) as error:  # Arrow's are of these
                raise DataError(f"{what} needs numbers in column {name!r}; got {error}") from error
    return Encoded(ids, pd.DataFrame(columns), vocabulary_sha256(tokenizer))
