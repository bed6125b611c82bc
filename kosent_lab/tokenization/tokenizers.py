"""The tokenizers at hand: the bundled model's, our own at several sizes, published ones, plain units.

Every ``tokenizer.json`` is opened here (`open_tokenizer`). What a tokenizer must be able to do is in ``cutters``;
vocabularies are learnt in ``vocabularies``.
"""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from kosent_lab.core.exceptions import DataError, KosentError, ModelError, NotAvailableError
from kosent_lab.core.model_files import check_folder
from kosent_lab.core.places import BUNDLED, DATA_FOLDER, find_folder, local
from kosent_lab.corpora.cards import Card, find_card, is_present, list_cards
from kosent_lab.corpora.store import right_file
from kosent_lab.tokenization.cutters import (
    UNITS,
    Cutter,
    SentencePieceCutter,
    UnitCutter,
    as_cutter,
    check_knows_korean,
)

OWN_FOLDER = DATA_FOLDER / "vocabularies"
_UNFOLDS = 1_000  # times that normalizers may lengthen a text


def own_names() -> list[str]:
    """Return the names of our own vocabularies (``data/vocabularies``), by kind, small ones first."""
    names = [path.name.removesuffix(".json") for path in OWN_FOLDER.glob("*.json")]
    return sorted(names, key=lambda name: (name.rpartition("-")[0], len(name), name))


def published_names() -> list[str]:
    """Return the names of the published vocabularies that have a card, sorted."""
    return [card.name for card in list_cards() if card.kind == "vocabulary"]


def names_at_hand() -> list[str]:
    """Return every name that `load_cutter` can load on this machine: bundled, own, published, units."""
    present = [name for name in published_names() if is_present(find_card(name))]
    return [BUNDLED, *own_names(), *present, *UNITS]


def load_cutter(name: str, *, revision: str | None = None) -> Cutter:
    """Load a tokenizer by name.

    Parameters
    ----------
    name : str
        The bundled model (`places.BUNDLED`), one of `own_names`, `published_names` or `cutters.UNITS`,
        a folder with ``tokenizer.json``, such a file, or a Hub id.
    revision : str, optional
        Full commit hash of a Hub id.

    Returns
    -------
    Cutter

    Raises
    ------
    NotAvailableError
        When it is not on this machine; the message says how it gets there.
    DataError
        When it is no tokenizer, or does not know Korean.
    """
    if name in UNITS:
        return UnitCutter(name)
    own = OWN_FOLDER / f"{name}.json"
    if own.is_file():
        return _from_json(own)
    if name == BUNDLED:
        return _from_json(find_folder(None)[0])
    if name in published_names():
        return _published(find_card(name))
    path = Path(name)
    if path.suffix == ".json" and path.is_file():
        return _from_json(path)
    try:
        folder, _ = find_folder(name, revision, weights=False)
    except KosentError as error:
        raise type(error)(f"{error}. Names of tokenizers: {', '.join(names_at_hand())}") from error
    return _from_json(folder)


def check_has_tokenizer(folder: Path) -> None:
    """Raise a `DataError` where a folder holds no tokenizer: of a config alone transformers would make an empty one."""
    names = ("tokenizer.json", "vocab.txt", "vocab.json")
    if not any((folder / name).is_file() for name in names) and not any(folder.glob("*.model")):
        raise DataError(f"{folder} holds no tokenizer: save it beside the model, tokenizer.save_pretrained(folder)")


def open_tokenizer(path: str | Path) -> Tokenizer:
    """Open a ``tokenizer.json``, so that it reads long words too (`read_long_words`).

    Parameters
    ----------
    path : str or Path
        The file, or a model folder, which is then looked at (`model_files.check_folder`).

    Raises
    ------
    NotAvailableError
        When there is no such file.
    ModelError, DataError
        When the folder asks for a program or its checksums do not hold; when the file is damaged.
    """
    path = local(path)
    if path.is_dir():
        check_folder(path, weights=False)
        path = path / "tokenizer.json"
    if not path.is_file():
        raise NotAvailableError(f"there is no {path}; a tokenizer with character offsets is a tokenizer.json")
    _refuse_unfolding(path)
    try:
        return read_long_words(Tokenizer.from_file(str(path)))
    except Exception as error:  # the library raises bare Exception for a damaged file
        raise DataError(f"{path} cannot be read as a tokenizer: {error}. Copy it again.") from error


def _refuse_unfolding(path: Path) -> None:
    """Stop at a tokenizer that makes a text a thousand times as long before it cuts it: memory would run out."""
    try:
        waiting = [json.loads(path.read_text("utf-8"))["normalizer"]]
    except (OSError, ValueError, RecursionError, KeyError, TypeError):  # the library tells what is wrong with it
        return
    unfolds = 1.0
    while waiting:
        step = waiting.pop()
        if isinstance(step, dict):
            waiting += step.get("normalizers") or []
            content, pattern = step.get("content"), step.get("pattern")
            if step.get("type") == "Replace" and isinstance(content, str):
                given = len(str(pattern.get("String", "."))) if isinstance(pattern, dict) else 1
                unfolds *= max(1.0, len(content) / max(1, given))
    if unfolds > _UNFOLDS:
        raise ModelError(f"{path} puts up to {unfolds:,.0f} characters in the place of one; it is not read")


def read_long_words(tokenizer: Tokenizer) -> Tokenizer:
    """Let a WordPiece tokenizer cut the words that it would make one unknown piece of for their length alone.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        Changed in place: a word of more letters than its model's ``max_input_chars_per_word`` (100) is cut after each
        so many. Nothing else is read otherwise, and tokenizers of other kinds have no such limit.

    Returns
    -------
    tokenizers.Tokenizer
        The same.

    Examples
    --------
    >>> tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "ㅋ": 1, "##ㅋ": 2}, unk_token="[UNK]"))
    >>> tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    >>> tokenizer.encode("ㅋ" * 150).ids
    [0]
    >>> len(read_long_words(tokenizer).encode("ㅋ" * 150).ids)
    150
    """
    limit = getattr(tokenizer.model, "max_input_chars_per_word", 0)
    own = tokenizer.pre_tokenizer
    if limit and (own is None or len(own.pre_tokenize_str("가" * (limit + 1))) == 1):  # not cut already
        parts = [] if own is None else list(own) if isinstance(own, pre_tokenizers.Sequence) else [own]
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*parts, pre_tokenizers.FixedLength(length=limit)])
    return tokenizer


def _from_json(path: Path) -> Cutter:
    cutter = as_cutter(open_tokenizer(path))
    check_knows_korean(cutter, str(path))
    return cutter


def _published(card: Card) -> Cutter:
    path = right_file(card, card.files[0])
    if path.suffix == ".model":
        cutter = _sentencepiece(path, after_morphemes="morpheme" in card.name)
    elif path.suffix == ".vocab":
        pieces = frozenset(line.partition("\t")[0] for line in path.read_text("utf-8").splitlines())
        cutter = UnitCutter("jamo" if "jamo" in card.name else "syllables", pieces)
    else:
        cutter = as_cutter(_wordpiece(path))
    check_knows_korean(cutter, card.name)
    return cutter


def _sentencepiece(path: Path, *, after_morphemes: bool) -> Cutter:
    try:
        from sentencepiece import SentencePieceProcessor
    except ImportError as error:
        raise NotAvailableError(f"{path.name} needs SentencePiece: pip install sentencepiece") from error
    return SentencePieceCutter(SentencePieceProcessor(model_file=str(path)), after_morphemes)


def _wordpiece(path: Path) -> Tokenizer:
    """Read a vocab.txt of a cased BERT or ELECTRA."""
    pieces = path.read_text("utf-8").split("\n")
    tokenizer = Tokenizer(
        models.WordPiece(
            {piece.removesuffix("\r"): place for place, piece in enumerate(pieces) if piece},
            unk_token="[UNK]",
            max_input_chars_per_word=100,
        )
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return read_long_words(tokenizer)
