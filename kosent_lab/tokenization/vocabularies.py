"""Learn a vocabulary of subword pieces from texts, with or without regard to morphemes, and save it.

How a tokenizer cuts texts lives in ``tokenization.cutters``, what the cuts are worth in ``tokenization.boundaries``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import write_text
from kosent_lab.core.hangul import clean_text
from kosent_lab.korean.morphemes import own_starts
from kosent_lab.korean.morphology import read_morphemes

SPECIAL_PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
KINDS = ("wordpiece", "bpe", "unigram")
MAX_POSITIONS = 512
_ALPHABET = 3_000  # distinct characters kept; in a small vocabulary a third of the pieces, each has two forms
_BOUNDARY = "▁"  # stands before a morpheme that continues an eojeol, while a vocabulary is learnt
_READ_AT_ONCE = 20_000


def train_vocabulary(
    texts: Iterable[str], *, size: int = 32_000, kind: str = "wordpiece", morphemes: bool = False, min_count: int = 5
) -> Tokenizer:
    """Learn a vocabulary on whole eojeol and runs of punctuation.

    Parameters
    ----------
    texts : iterable of str
        The texts to learn from.
    size : int
        Pieces in all, the five special ones included.
    kind : str
        ``wordpiece`` (ELECTRA's), ``bpe`` or ``unigram``.
    morphemes : bool
        Learn within Kiwi's morphemes, so that no piece is learnt that crosses from a noun into its
        particle. Only learning needs Kiwi: the tokenizer made cuts plain text. WordPiece only.
    min_count : int
        A piece must occur this often (not for unigram, which has no such limit).

    Returns
    -------
    tokenizers.Tokenizer
        Adds ``[CLS]`` and ``[SEP]``, keeps case and accents, composes NFD Hangul.

    Raises
    ------
    DataError
        When `texts` holds no letter at all, or there is no such kind.
    NotAvailableError
        When `morphemes` is asked for and Kiwi is not installed.

    Notes
    -----
    BERT's own splitting makes a piece of every punctuation mark, so ``......`` costs six positions
    and ``^^`` is never seen as one sign. Runs are kept whole here: fewer positions, and the cues
    of sarcasm become pieces.

    The library learns WordPiece by the frequency of pairs as it learns BPE, not by likelihood. At one size the two
    differ in that ``##`` doubles what stands at a word's beginning and within, and in cutting: the longest piece first,
    against the merges in their order.

    References
    ----------
    Park et al. 2020, "An empirical study of tokenization strategies for various Korean NLP tasks"
    (morpheme-aware subwords); KoELECTRA-v3's vocabulary is learnt after Mecab in the same manner.

    Examples
    --------
    >>> tokenizer = train_vocabulary(["재미가 있다^^", "재미는 없다...."] * 9, size=60)
    >>> tokenizer.encode("재미가 있다....").tokens
    ['[CLS]', '재미가', '있다', '....', '[SEP]']
    >>> tokenizer = train_vocabulary(["재미가 있다^^", "재미는 없다...."] * 9, size=60, morphemes=True)
    >>> tokenizer.encode("재미가 있다....").tokens
    ['[CLS]', '재미', '##가', '있', '##다', '....', '[SEP]']
    """
    if kind not in KINDS or (morphemes and kind != "wordpiece"):
        raise DataError(f"a vocabulary is one of {', '.join(KINDS)}, with morphemes wordpiece; got {kind!r}")
    words = [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("contiguous")]
    cut = [pre_tokenizers.Split(Regex(_BOUNDARY), "merged_with_next")] if morphemes else []
    tokenizer = _reader(_empty_model(kind), pre_tokenizers.Sequence([*words, *cut]))
    texts = list(_mark_morphemes(texts) if morphemes else texts)
    alphabet = _alphabet(texts, tokenizer.normalizer, limit=min(_ALPHABET, size // 3) if kind != "unigram" else None)
    if not alphabet:
        raise DataError("the vocabulary needs texts with letters; the ones given hold none")
    if kind == "unigram":
        tokenizer = _learn_unigram(tokenizer, texts, alphabet, size=size)
    elif kind == "bpe":
        tokenizer = _learn_bpe(tokenizer, texts, alphabet, size=size, min_count=min_count)
    else:
        spare = size if morphemes else 0  # pieces that begin with the sign fall together with others afterwards
        tokenizer = _learn_wordpiece(tokenizer, texts, alphabet, size=size + spare, min_count=min_count)
    if morphemes:
        pieces = _within_words(tokenizer.get_vocab(), size)
        tokenizer = _reader(_wordpiece(pieces), pre_tokenizers.Sequence(words))
    if kind == "wordpiece":
        tokenizer.decoder = decoders.WordPiece()
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", cls), ("[SEP]", sep)],
    )
    return tokenizer


def piece_id(tokenizer: Tokenizer, piece: str) -> int:
    """Return the number of a piece.

    Raises
    ------
    DataError
        When the tokenizer has no such piece.
    """
    number = tokenizer.token_to_id(piece)
    if number is None:
        raise DataError(f"this tokenizer has no piece {piece}, which is needed here")
    return number


def _empty_model(kind: str) -> models.Model:
    if kind == "wordpiece":
        return _wordpiece()
    return models.BPE(unk_token="[UNK]") if kind == "bpe" else models.Unigram()


def _wordpiece(pieces: Sequence[str] = ()) -> models.WordPiece:
    numbers = {piece: number for number, piece in enumerate(pieces)}
    return models.WordPiece(numbers, unk_token="[UNK]", max_input_chars_per_word=100)


def _reader(model: models.Model, words: pre_tokenizers.PreTokenizer) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.BertNormalizer(strip_accents=False, lowercase=False)]
    )
    tokenizer.pre_tokenizer = words
    tokenizer.add_special_tokens([piece for piece in SPECIAL_PIECES if tokenizer.token_to_id(piece) is not None])
    return tokenizer


def _alphabet(texts: list[str], normalizer: normalizers.Normalizer, *, limit: int | None) -> list[str]:
    """Return the characters of texts that are the most frequent, of those that are alike the first in Unicode."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(normalizer.normalize_str(text))
    found = (character for character in counts if not character.isspace())
    return sorted(sorted(found, key=lambda character: (-counts[character], character))[:limit])


def _learn_bpe(tokenizer: Tokenizer, texts: list[str], alphabet: list[str], *, size: int, min_count: int) -> Tokenizer:
    given = _trained_by(alphabet, size=size, min_count=min_count)
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(special_tokens=SPECIAL_PIECES, **given))
    return tokenizer


def _learn_wordpiece(
    tokenizer: Tokenizer, texts: list[str], alphabet: list[str], *, size: int, min_count: int
) -> Tokenizer:
    """Learn the pieces of WordPiece, the same of the same texts.

    The library breaks ties by the numbers of pieces, and numbers what continues a word in an order that changes from
    process to process: a first reading tells which there are, and the second is given them in order.
    """
    none = _trained_by(alphabet, size=0, min_count=min_count)
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(special_tokens=[], **none))
    inner = sorted(set(tokenizer.get_vocab()) - set(alphabet))
    given = _trained_by(alphabet, size=size, min_count=min_count)
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(special_tokens=[*SPECIAL_PIECES, *inner], **given))
    learnt = tokenizer.get_vocab()
    order = [*SPECIAL_PIECES, *alphabet, *inner]
    order += sorted(set(learnt) - set(order), key=learnt.__getitem__)
    return _reader(_wordpiece(order), tokenizer.pre_tokenizer)  # whose special pieces are none that continue a word


def _trained_by(alphabet: list[str], *, size: int, min_count: int) -> dict[str, Any]:
    given = {"initial_alphabet": alphabet, "limit_alphabet": len(alphabet)}
    return given | {"vocab_size": size, "min_frequency": min_count, "show_progress": False}


def _learn_unigram(tokenizer: Tokenizer, texts: list[str], alphabet: list[str], *, size: int) -> Tokenizer:
    """Learn the pieces of a unigram model, the same of the same texts.

    Characters that no piece kept are added by the library one by one, each 0.0001 less likely than the one before, as
    its hashing falls: here in the order of Unicode.
    """
    least = len(SPECIAL_PIECES) + len(alphabet)
    if size < least:
        raise DataError(
            f"a unigram vocabulary of these texts holds {least:,} characters at least; got a size of {size:,}"
        )
    given: dict[str, Any] = {"unk_token": "[UNK]", "special_tokens": SPECIAL_PIECES, "initial_alphabet": alphabet}
    tokenizer.train_from_iterator(texts, trainers.UnigramTrainer(vocab_size=size, show_progress=False, **given))
    vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
    special, learnt = vocabulary[: len(SPECIAL_PIECES)], vocabulary[len(SPECIAL_PIECES) :]
    scores, pieces = zip(*sorted((round(score, 9), piece) for piece, score in learnt), strict=True)
    steps = zip(np.diff(scores), pieces[1:], strict=True)
    added = 1 + sum(1 for _ in takewhile(lambda step: step[0] < 1.5e-4 and len(step[1]) == 1, steps))
    ranked = zip(scores, (*sorted(pieces[:added], reverse=True), *pieces[added:]), strict=True)
    order = [(piece, score) for score, piece in sorted(ranked, key=lambda one: (-one[0], one[1]))]
    return _reader(
        models.Unigram([*map(tuple, special), *order], unk_id=SPECIAL_PIECES.index("[UNK]")), tokenizer.pre_tokenizer
    )


def _mark_morphemes(texts: Iterable[str]) -> Iterator[str]:
    """Put the sign before each morpheme that begins within a run of letters."""
    cleaned = (clean_text(text).replace(_BOUNDARY, " ") for text in texts)
    while part := list(islice(cleaned, _READ_AT_ONCE)):
        for text, found in zip(part, read_morphemes(part, workers=2), strict=True):
            marked, place = [], 0
            for start in own_starts(found):
                if start > 0 and text[start - 1].isalnum() and text[start].isalnum():
                    marked += [text[place:start], _BOUNDARY]
                    place = start
            yield "".join([*marked, text[place:]])


def _within_words(learnt: dict[str, int], size: int) -> list[str]:
    """Turn ▁에서, learnt at the start of a morpheme, into ##에서; keep the first `size` pieces."""
    pieces = dict.fromkeys(
        f"##{piece.removeprefix(_BOUNDARY)}" if piece.startswith(_BOUNDARY) else piece
        for piece in sorted(learnt, key=learnt.__getitem__)
    )
    pieces.pop("##", None)
    return list(pieces)[:size]


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write ``tokenizer.json`` and the settings that transformers needs beside it.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
    folder : Path
        Made when it is not there.
    """
    write_text(tokenizer.to_str(pretty=True), folder / "tokenizer.json")
    settings = {
        # the generic class takes tokenizer.json as it is; BertTokenizer would put its own splitting in
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": MAX_POSITIONS,
        **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")},
    }
    write_text(json.dumps(settings, indent=2) + "\n", folder / "tokenizer_config.json")
