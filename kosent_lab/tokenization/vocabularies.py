"""Learn a vocabulary of subword pieces from texts, with or without regard to morphemes, and save it.

How a tokenizer cuts texts lives in ``tokenization.cutters``, what the cuts are worth in ``tokenization.boundaries``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

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
    tokenizer = Tokenizer(_empty_model(kind))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.BertNormalizer(strip_accents=False, lowercase=False)]
    )
    words = [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("contiguous")]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(words)
    if morphemes:
        cut = pre_tokenizers.Split(Regex(_BOUNDARY), "merged_with_next")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*words, cut])
        # the pieces that begin with the sign fall together with others afterwards
        tokenizer.train_from_iterator(_mark_morphemes(texts), _trainer(kind, size, min_count, spare=size))
        tokenizer.model = models.WordPiece(
            _within_words(tokenizer.get_vocab(), size), unk_token="[UNK]", max_input_chars_per_word=100
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(words)
    else:
        tokenizer.train_from_iterator(texts, _trainer(kind, size, min_count))
    if tokenizer.get_vocab_size() <= len(SPECIAL_PIECES):
        raise DataError("the vocabulary needs texts with letters; the ones given hold none")
    if kind == "wordpiece":
        tokenizer.decoder = decoders.WordPiece()
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", cls), ("[SEP]", sep)],
    )
    return tokenizer


def _empty_model(kind: str) -> models.Model:
    if kind == "wordpiece":
        return models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100)
    return models.BPE(unk_token="[UNK]") if kind == "bpe" else models.Unigram()


def _trainer(kind: str, size: int, min_count: int, *, spare: int = 0) -> trainers.Trainer:
    common = {"vocab_size": size + spare, "special_tokens": SPECIAL_PIECES, "show_progress": False}
    if kind == "unigram":
        return trainers.UnigramTrainer(unk_token="[UNK]", **common)
    make = trainers.WordPieceTrainer if kind == "wordpiece" else trainers.BpeTrainer
    return make(min_frequency=min_count, limit_alphabet=min(_ALPHABET, size // 3), **common)


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


def _within_words(learnt: dict[str, int], size: int) -> dict[str, int]:
    """Turn ▁에서, learnt at the start of a morpheme, into ##에서; keep the first `size` pieces."""
    pieces = dict.fromkeys(
        f"##{piece.removeprefix(_BOUNDARY)}" if piece.startswith(_BOUNDARY) else piece
        for piece in sorted(learnt, key=learnt.__getitem__)
    )
    pieces.pop("##", None)
    return {piece: place for place, piece in enumerate(list(pieces)[:size])}


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
