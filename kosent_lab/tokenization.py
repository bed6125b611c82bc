"""Learn a WordPiece vocabulary, and lay a tokenizer's pieces over the eojeol of a text.

Everything here works on the character offsets that a fast tokenizer reports, never on ``##``.
Normalising and folding live in ``hangul``, batches of input ids in ``predict``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from kosent_lab.schema import DataError

SPECIAL_PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MAX_POSITIONS = 512
_EOJEOL = re.compile(r"\S+")


def train_vocabulary(texts: Iterable[str], *, size: int = 32_000, min_count: int = 5) -> Tokenizer:
    """Learn a WordPiece vocabulary on whole eojeol and runs of punctuation.

    Parameters
    ----------
    texts : iterable of str
        The texts to learn from.
    size : int
        Pieces in all, the five special ones included.
    min_count : int
        A piece must occur this often.

    Returns
    -------
    tokenizers.Tokenizer
        Adds ``[CLS]`` and ``[SEP]``, keeps case and accents, composes NFD Hangul.

    Raises
    ------
    DataError
        When `texts` holds no letter at all.

    Notes
    -----
    BERT's own splitting makes a piece of every punctuation mark, so ``......`` costs six positions
    and ``^^`` is never seen as one sign. Runs are kept whole here: fewer positions, and the cues
    of sarcasm become pieces.

    Examples
    --------
    >>> tokenizer = train_vocabulary(["재미가 있다^^", "재미는 없다...."] * 9, size=60)
    >>> tokenizer.encode("재미가 있다....").tokens
    ['[CLS]', '재미가', '있다', '....', '[SEP]']
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.BertNormalizer(strip_accents=False, lowercase=False)]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("contiguous")]
    )
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        min_frequency=min_count,
        limit_alphabet=3_000,
        special_tokens=SPECIAL_PIECES,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() <= len(SPECIAL_PIECES):
        raise DataError("the vocabulary needs texts with letters; the ones given hold none")
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", cls), ("[SEP]", sep)],
    )
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write ``tokenizer.json`` and the settings that transformers needs beside it.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
    folder : Path
        Made when it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        # the generic class takes tokenizer.json as it is; BertTokenizer would put its own splitting in
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": MAX_POSITIONS,
        **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", "utf-8")


def eojeol_frame(doc_ids: Iterable[str], texts: Iterable[str], tokenizer: Tokenizer) -> pd.DataFrame:
    """Lay a tokenizer's pieces over the eojeol (space-delimited units) of each text.

    Parameters
    ----------
    doc_ids : iterable of str, length n
    texts : iterable of str, length n
    tokenizer : tokenizers.Tokenizer

    Returns
    -------
    DataFrame
        One row per eojeol: ``doc_id``, ``eojeol_index``, ``eojeol``, ``start``, ``end`` (characters
        of the text given, end exclusive), ``pieces`` (the text of each piece, joined by ``/``; an
        unknown piece shows what it covers in brackets), ``n_pieces``, ``n_unknown``,
        ``piece_starts`` (a list: the character where each piece begins).

    Examples
    --------
    >>> tokenizer = train_vocabulary(["재미가 있다", "재미는 없다"] * 9, size=60)
    >>> eojeol_frame(["a"], ["재미가  있다"], tokenizer)[["eojeol", "start", "end", "n_pieces"]].values.tolist()
    [['재미가', 0, 3, 1], ['있다', 5, 7, 1]]
    """
    tokenizer.no_padding()
    tokenizer.no_truncation()
    texts, rows = list(texts), []
    unknown = tokenizer.token_to_id("[UNK]")
    encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
    for doc_id, text, encoding in zip(doc_ids, texts, encodings, strict=True):
        pieces = list(zip(encoding.offsets, encoding.ids, strict=True))
        place = 0
        for index, match in enumerate(_EOJEOL.finditer(text)):
            shown, starts, count = [], [], 0
            # pieces come in order and none crosses white space, so one pass serves all eojeol
            while place < len(pieces) and pieces[place][0][0] < match.end():
                (start, end), piece_id = pieces[place]
                shown.append(f"[{text[start:end]}]" if piece_id == unknown else text[start:end])
                starts.append(start)
                count += piece_id == unknown
                place += 1
            place_in_text = (doc_id, index, match.group(), match.start(), match.end())
            rows.append((*place_in_text, "/".join(shown), len(shown), count, starts))
    names = ["doc_id", "eojeol_index", "eojeol", "start", "end", "pieces", "n_pieces", "n_unknown", "piece_starts"]
    return pd.DataFrame(rows, columns=names)


def add_particles(words: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    """Lay the particles of each eojeol over its pieces.

    Parameters
    ----------
    words : DataFrame
        From `eojeol_frame`.
    read : DataFrame
        From `morphology.read_eojeol` on the same texts.

    Returns
    -------
    DataFrame
        `words` with ``stem``, ``josa``, ``josa_tag``, ``agrees`` and ``boundary_kept``: a piece begins
        where the particle does (missing without a particle of its own characters).

    Examples
    --------
    >>> words = pd.DataFrame({"doc_id": ["a"], "eojeol_index": [0], "piece_starts": [[0, 2]]})
    >>> read = words[["doc_id", "eojeol_index"]].assign(stem="재미", josa="가", josa_tag="JKS")
    >>> read = read.assign(agrees=True, josa_start=2)
    >>> add_particles(words, read)["boundary_kept"].tolist()
    [True]
    """
    keys, taken = ["doc_id", "eojeol_index"], ["stem", "josa", "josa_tag", "agrees", "josa_start"]
    both = words.merge(read[[*keys, *taken]], on=keys, how="left", validate="one_to_one")
    kept = [
        pd.NA if pd.isna(start) else start in starts
        for start, starts in zip(both["josa_start"], both["piece_starts"], strict=True)
    ]
    return both.drop(columns="josa_start").assign(boundary_kept=pd.array(kept, dtype="boolean"))
