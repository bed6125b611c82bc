"""Models and tokenizers out of folders, all by one way: what was looked at, all weights and only they, all numbers.

What a folder may hold at all is told in ``core.model_files``, which of it makes a classifier in ``classifier``; every
failure is a `ModelError` that says what to do.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer
from torch import nn

from kosent_lab.core.exceptions import DataError, ModelError
from kosent_lab.core.model_files import CONFIG, TOKENIZER_CONFIG, check_folder, read_settings, weight_files
from kosent_lab.tokenization.cutters import as_cutter, check_knows_korean
from kosent_lab.tokenization.tokenizers import check_has_tokenizer, open_tokenizer, read_long_words

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Shapes = Mapping[str, tuple[int, ...]]

_FLOATS = frozenset({"F8_E4M3", "F16", "BF16", "F32", "F64"})
_NO_WEIGHTS = re.compile(r"(^|\.)position_ids$")  # older transformers wrote 0, 1, 2 … beside the weights
# settings that say how often something is built, which no shape of a weight bounds
_COUNTS = re.compile(r"(layers?|blocks?|groups?|group_num|experts|stages)$")
_BUFFER_NUMBERS = 10_000_000
_OURS = "PreTrainedTokenizerFast"
_STEADY = (1e-3, 5e-2)  # by which a logit may move beside padding, in fp32 and bf16: more is no rounding
_RARE = "ꙮ 𠜎"
_NAMED = 3  # of many names so many are told


def read_shapes(files: Iterable[Path]) -> dict[str, tuple[int, ...]]:
    """Read what weights files hold, without the weights.

    Raises
    ------
    ModelError
        When a file is damaged, shorter than it says, or holds other numbers than floating-point ones.
    """
    shapes = {}
    for path in files:
        try:
            with safe_open(path, framework="pt") as file:
                slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
                found = {name: (tuple(part.get_shape()), part.get_dtype()) for name, part in slices.items()}
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{path} cannot be loaded: {error}. Copy or fetch it again.") from error
        found = {name: value for name, value in found.items() if not _NO_WEIGHTS.search(name)}
        if wrong := {name: kind for name, (_, kind) in found.items() if kind not in _FLOATS}:
            raise ModelError(f"{path} holds weights that are no floating-point numbers: {_some(wrong.items())}")
        shapes |= {name: shape for name, (shape, _) in found.items()}
    return shapes


def check_shapes(found: Shapes, needed: Shapes, where: object) -> None:
    """Refuse weights that are missing, that nothing needs, or whose shape is another one, by name.

    Parameters
    ----------
    found, needed : dict of str to tuple of int
    where : object
        The folder or file, for the message.

    Raises
    ------
    ModelError
    """
    if missing := sorted(set(needed) - set(found)):
        raise ModelError(f"{where} lacks weights that its config asks for: {_some(missing)}. Copy or fetch it again.")
    if unexpected := sorted(set(found) - set(needed)):
        raise ModelError(f"{where} holds weights that its config has no place for: {_some(unexpected)}")
    if wrong := [name for name in sorted(needed) if tuple(found[name]) != tuple(needed[name])]:
        told = (f"{name} is {tuple(found[name])}, not {tuple(needed[name])}" for name in wrong)
        raise ModelError(f"{where} holds weights of another shape than its config asks for: {_some(told)}")


def check_finite(weights: Iterable[tuple[str, torch.Tensor]], where: object) -> None:
    """Refuse weights that are not all finite numbers, by name: one of them makes every answer NaN."""
    # a sum is finite where all are, and takes a fraction of the time; huge weights may overflow it
    odd = ((name, tensor) for name, tensor in weights if not math.isfinite(tensor.sum().item()))
    if broken := [name for name, tensor in odd if not torch.isfinite(tensor).all()]:
        raise ModelError(f"{where} holds weights that are NaN or infinite: {_some(broken)}. Copy or train it again.")


def _some(names: Iterable[Any]) -> str:
    names = [str(name) for name in names]
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def check_counts(settings: Mapping[str, Any], shapes: Shapes, where: object) -> None:
    """Refuse settings that ask for more layers or classes than the weights can fill, before any is built."""
    widest = max((size for shape in shapes.values() for size in shape), default=0)
    for key, value in settings.items():
        if isinstance(value, dict):
            check_counts(value, shapes, where)
        most = widest if key == "num_labels" else len(shapes) if _COUNTS.search(key) else None
        if most is not None and isinstance(value, (int, float)) and not value <= max(most, 1):
            raise ModelError(f"{where} asks for {key} {value}; its weights are {len(shapes)} tensors")


def read_weights(path: Path, dtype: torch.dtype, device: torch.device, *, needed: Shapes) -> dict[str, torch.Tensor]:
    """Read weights from safetensors, in the number format that they are to be used in.

    Parameters
    ----------
    path : Path
    dtype : torch.dtype
    device : torch.device
    needed : dict of str to tuple of int
        The shape of each weight that must be there; nothing else may be. Compared before memory is taken.

    Returns
    -------
    dict of str to Tensor
    """
    check_shapes(read_shapes([path]), needed, path)
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            weights = {name: file.get_tensor(name).to(dtype) for name in needed}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} cannot be loaded: {error}. Copy or fetch it again.") from error
    check_finite(weights.items(), path)
    return weights


@contextlib.contextmanager
def without_progress_bar() -> Iterator[None]:
    """Load or save without a bar of transformers' (it takes a tenth of a second), and leave the caller's bars alone."""
    import transformers

    shown = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers.utils.logging.enable_progress_bar()


@without_progress_bar()
def load_model(kind: Any, folder: Path, *, dtype: torch.dtype = torch.float32, cut: bool = False) -> PreTrainedModel:
    """Read a model of transformers with all its weights and nothing else, in eval mode on the CPU.

    Parameters
    ----------
    kind : type
        A class of transformers for models, or an ``AutoModelFor…``.
    folder : Path
    dtype : torch.dtype
        Of the weights in memory, whatever they were written in.
    cut : bool
        Take weights that are cut into several files too.

    Returns
    -------
    PreTrainedModel

    Raises
    ------
    ModelError
        When the folder asks for a program, is damaged or incomplete, or config and weights do not fit each other.
    """
    import transformers

    files = weight_files(folder, cut=cut)
    check_folder(folder)
    shapes = read_shapes(files)
    check_counts(read_settings(folder / CONFIG), shapes, folder / CONFIG)
    wanted = getattr(kind, "config_class", None)
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        if wanted is not None and not isinstance(config, wanted):
            raise ModelError(f"needed is a model of type {wanted.model_type}; this is {config.model_type}")
        with torch.device("meta"):  # without memory
            empty = kind(config) if wanted is not None else kind.from_config(config, trust_remote_code=False)
        _check_against(empty, shapes)
        model, found = kind.from_pretrained(
            folder, config=config, dtype=dtype, use_safetensors=True, output_loading_info=True,
            local_files_only=True, trust_remote_code=False,
        )  # fmt: skip
        unexpected = [name for name in found["unexpected_keys"] if not _NO_WEIGHTS.search(name)]
        check_shapes(dict.fromkeys(unexpected, ()), dict.fromkeys(found["missing_keys"], ()), "it")
        check_finite(model.named_parameters(), "it")
    except Exception as error:  # transformers and safetensors raise many kinds for a damaged file
        what = kind.__name__.removeprefix("AutoModelFor")
        raise ModelError(f"{folder} cannot be loaded as {what}: {error}. Copy or fetch it again.") from error
    return model.eval()


def _check_against(empty: nn.Module, shapes: Shapes) -> None:
    """Compare a model without memory with the weights to come: names may differ (transformers renames), sizes not."""
    own = {name: tuple(tensor.shape) for name, tensor in empty.named_parameters()}
    both = own.keys() & shapes.keys()
    check_shapes({name: shapes[name] for name in both}, {name: own[name] for name in both}, "it")
    rest = {name: empty.get_parameter(name).numel() for name in own.keys() - both}
    if sum(rest.values()) > sum(torch.Size(shapes[name]).numel() for name in shapes.keys() - both):
        check_shapes({}, {name: own[name] for name in rest}, "it")
    if sum(buffer.numel() for buffer in empty.buffers()) > _BUFFER_NUMBERS:
        raise ModelError("its config asks for tables without weights that are larger than memory should hold")


def open_backend(folder: Path, settings: Mapping[str, Any], *, pieces: int) -> Tokenizer:
    """Return the fast tokenizer of a folder, after a look whether it knows Korean.

    ``tokenizer.json`` is taken as it is where the settings say so (ours) or there are none; other classes build
    something else around it, so they are asked.

    Parameters
    ----------
    folder : Path
    settings : dict
        Its ``tokenizer_config.json``, or empty.
    pieces : int
        How many the model knows: no id may be beyond.

    Raises
    ------
    ModelError
    """
    try:
        check_has_tokenizer(folder)
        if (folder / "tokenizer.json").is_file() and (not settings or settings.get("tokenizer_class") == _OURS):
            backend = open_tokenizer(folder)
        else:
            backend = getattr(open_wrapped_tokenizer(folder), "backend_tokenizer", None)
        if not isinstance(backend, Tokenizer):
            raise ModelError(f"{folder} has no fast tokenizer (tokenizer.json); character offsets need one")
        check_knows_korean(as_cutter(backend), f"the tokenizer of {folder}")
        backend.encode(_RARE)  # some fail at the first character that they do not know
    except DataError as error:
        raise ModelError(str(error)) from error
    except ModelError:
        raise
    except BaseException as error:  # the library raises bare Exception where a piece that it needs is not there,
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # or this, which is none
            raise
        raise ModelError(f"the tokenizer of {folder} cannot cut a plain sentence: {error}. Copy it again.") from error
    highest = max(backend.get_vocab(with_added_tokens=True).values())
    if highest >= pieces:
        raise ModelError(f"the tokenizer of {folder} gives ids up to {highest}; its model knows {pieces} pieces")
    return backend


def open_model(folder: Path, precision: str) -> PreTrainedModel:
    """Read the classifier of transformers, in eval mode, and let it answer once."""
    from transformers import AutoModelForSequenceClassification

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    model = load_model(AutoModelForSequenceClassification, folder, dtype=dtype)
    pad = model.config.pad_token_id or 0
    row = torch.tensor([[number for number in range(8) if number != pad]])
    beside = torch.full((2, 2 * row.shape[1]), pad)
    beside[0, : row.shape[1]] = row
    beside[1] = 7 if pad != 7 else 6
    mask = torch.ones_like(beside)
    mask[0, row.shape[1] :] = 0
    try:
        with torch.inference_mode():
            alone = model(input_ids=row, attention_mask=torch.ones_like(row)).logits[0].float()
            together = model(input_ids=beside, attention_mask=mask).logits[0].float()
    except Exception as error:  # settings that no shape of a weight shows, such as a number of heads
        raise ModelError(f"{folder} holds a model that cannot answer: {error}. Copy or fetch it again.") from error
    moved = float((alone - together).abs().max())
    if moved > _STEADY[precision == "bf16"] * (1 + float(alone.abs().max())):
        raise ModelError(
            f"{folder} holds a {type(model).__name__}, whose answer to a text changes with what shares its batch "
            f"(padding moves a logit by {moved:.3f}): batches cannot be scored with it."
        )
    return model


def open_wrapped_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Read the tokenizer of transformers, which reads long words as ours do."""
    from transformers import AutoTokenizer

    check_folder(folder, weights=False)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        if isinstance(getattr(tokenizer, "backend_tokenizer", None), Tokenizer):
            read_long_words(tokenizer.backend_tokenizer)
    except Exception as error:
        raise ModelError(f"{folder} holds no tokenizer that can be loaded: {error}. Copy it again.") from error
    return tokenizer


def open_settings(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return ``config.json`` and ``tokenizer_config.json`` of a folder; of the latter nothing where there is none."""
    tokenizer = folder / TOKENIZER_CONFIG
    return read_settings(folder / CONFIG), read_settings(tokenizer) if tokenizer.exists() else {}
