"""What may lie in a model folder, looked at before anything is loaded, and the id that its content gives.

Settings are JSON objects that ask for no program, checksums cover all that is read, and weights lie in the folder
itself. Needs no torch: weights are read in ``models.folders``, tokenizers in ``tokenization.tokenizers``.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
from pathlib import Path
from typing import Any

from kosent_lab.core.exceptions import ModelError
from kosent_lab.core.files import file_sha256, write_text

CHECKSUMS, CONFIG, TOKENIZER_CONFIG = "checksums.json", "config.json", "tokenizer_config.json"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
GENERATOR, GENERATOR_CONFIG = "generator.safetensors", "generator.json"
CALIBRATION = "calibration.json"

# all that this package or transformers reads of a folder; the logits follow from the second and third line
_WEIGHTS = ("model*.safetensors", GENERATOR)
_TOKENIZER = ("tokenizer*.json", "vocab.*", "merges.txt", "*.model", "special_tokens_map.json", "added_tokens.json")
_READ = (*_WEIGHTS, CONFIG, GENERATOR_CONFIG, *_TOKENIZER, INDEX, CALIBRATION)
_OF_THE_ID = (*_WEIGHTS, CONFIG, GENERATOR_CONFIG, *_TOKENIZER)

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl")
_PROGRAMS = ("auto_map", "custom_pipelines")  # what makes transformers run a file of the folder or of the Hub
# as does an attention that torch has not: with the package kernels, transformers fetches one from the Hub
_ATTENTION, _OF_TORCH = ("attn_implementation", "_attn_implementation"), (None, "", "eager", "sdpa")


def _files(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    """Return the files of a folder whose name fits a pattern, sorted by name."""
    found = [path for path in folder.iterdir() if any(fnmatch.fnmatchcase(path.name, p) for p in patterns)]
    return sorted((path for path in found if path.is_file()), key=lambda path: path.name)


def read_settings(path: Path) -> dict[str, Any]:
    """Read a settings file of a model folder.

    Raises
    ------
    ModelError
        When it cannot be read, or is no JSON object.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"there is no {path}.{_whereabouts(path.parent)}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}. Copy or fetch the folder again.") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds no settings: it needs a JSON object, got {type(content).__name__}")
    return content


def _whereabouts(folder: Path) -> str:
    """Say where the model of a folder is that holds a run, and not a model."""
    inner = folder / "model"
    return f" {folder} is a run; its model is {inner}" if (inner / CONFIG).is_file() else " Copy or fetch it again."


def check_folder(folder: Path, *, weights: bool = True) -> None:
    """Refuse a folder that asks for a program, or whose checksums do not hold for all that is read.

    Parameters
    ----------
    folder : Path
    weights : bool
        Hash the weights too; not needed for a tokenizer alone.

    Raises
    ------
    ModelError
    """
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not (path.is_file() or path.is_dir() or path.is_symlink()):  # a pipe would be waited for
            raise ModelError(f"{path} is no file; a model folder holds files. Copy or fetch it again.")
    for name in (CONFIG, TOKENIZER_CONFIG, GENERATOR_CONFIG):
        if (folder / name).exists():
            _refuse_programs(folder / name)
    if not (folder / CHECKSUMS).exists():
        return
    sums = read_settings(folder / CHECKSUMS)
    mend = f"Restore it (git checkout), or remove {CHECKSUMS} if you changed the folder on purpose."
    for path in _files(folder, _READ):
        if path.name not in sums:
            raise ModelError(f"{path} does not stand in {CHECKSUMS}, so nobody can tell whether it belongs. {mend}")
    for name, expected in sums.items():
        path = folder / name
        if not _is_plain(name):
            raise ModelError(f"{folder / CHECKSUMS} names a file outside its folder: {name!r}. {mend}")
        if not weights and name.endswith(".safetensors"):
            continue
        if not path.is_file() or file_sha256(path) != expected:
            raise ModelError(
                f"{path} is missing, cut off or changed: its SHA-256 is not the one in {CHECKSUMS}. {mend}"
            )


def _is_plain(name: Any) -> bool:
    """Tell whether `name` is a file's name alone, without a way to other folders."""
    return isinstance(name, str) and name not in ("", ".", "..") and not set(name) & set("/\\:\0")


def _refuse_programs(path: Path) -> None:
    asked: list[str] = []
    parts: list[Any] = [read_settings(path)]
    while parts:  # a model may be made of others, each with its settings
        part = parts.pop()
        for key, value in part.items() if isinstance(part, dict) else ():
            if key in _ATTENTION:
                several = list(value.values()) if isinstance(value, dict) else [value]
                asked += [str(one) for one in several if one not in _OF_TORCH]
            elif key in _PROGRAMS and value:
                asked.append(key)
        parts += [one for one in (part.values() if isinstance(part, dict) else part) if isinstance(one, (dict, list))]
    if asked:
        raise ModelError(
            f"{path} asks to run programs that come with the model or from the Hub ({', '.join(asked)}), which could "
            "do anything on this machine. Such models are not loaded; choose one of an architecture of transformers "
            "whose attention is eager or sdpa."
        )


def weight_files(folder: Path, *, cut: bool = False) -> list[Path]:
    """Find the weights of a model: one safetensors file, or those that its index names.

    Parameters
    ----------
    folder : Path
    cut : bool
        Take weights that are cut into several files for the way.

    Returns
    -------
    list of Path
        In the folder itself, each there.

    Raises
    ------
    ModelError
        When there are none, only pickles, an adapter without its model, or a name leads elsewhere.
    """
    if (folder / "adapter_config.json").exists():
        raise ModelError(f"{folder} holds an adapter, whose model lies elsewhere. Merge them, and save the whole.")
    elsewhere = read_settings(folder / CONFIG).get("transformers_weights")
    if elsewhere not in (None, WEIGHTS):
        raise ModelError(f"{folder / CONFIG} takes its weights from {elsewhere!r}; they belong into {WEIGHTS}")
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if cut and (folder / INDEX).is_file():
        return _indexed_files(folder)
    if pickles := [path.name for path in _files(folder, _PICKLES)]:
        raise ModelError(
            f"{folder} holds only pickled weights ({', '.join(pickles)}), which can run any program when loaded. "
            "Convert them to model.safetensors on a machine you can lose, or choose another revision."
        )
    for_the_way = _files(folder, ("model-*.safetensors",))
    hint = (
        " Its weights are in several files: load them with transformers and save them whole, "
        "model.save_pretrained(folder, max_shard_size='5GB'); of a run, kosent-lab train package does."
        if for_the_way
        else ""
    )
    raise ModelError(f"{folder} holds no {WEIGHTS}; it has {sorted(p.name for p in folder.iterdir())}.{hint}")


def _indexed_files(folder: Path) -> list[Path]:
    named = read_settings(folder / INDEX).get("weight_map")
    names = list(named.values()) if isinstance(named, dict) else []
    if wrong := [name for name in names if not (_is_plain(name) and name.endswith(".safetensors"))]:
        raise ModelError(f"{folder / INDEX} leads to {wrong[0]!r}; weights are safetensors files of the folder itself")
    files = [folder / name for name in sorted(set(names))]
    if missing := [path.name for path in files if not path.is_file()]:
        raise ModelError(f"{folder} lacks weights that its index names: {', '.join(missing)}. Copy it again.")
    if not files:
        raise ModelError(f"{folder / INDEX} names no weights. Copy or fetch the folder again.")
    return files


def model_id(name: str, folder: Path) -> str:
    """Return a model's id: its name, and 12 digits of one hash over all that its logits follow from.

    Parameters
    ----------
    name : str
    folder : Path
        Its weights, config and tokenizer files count; not its calibration, card and checksums.

    Notes
    -----
    The digits are those of ``sha256sum config.json model.safetensors tokenizer.json … | sha256sum`` in the folder, the
    names sorted.
    """
    lines = "".join(f"{file_sha256(path)}  {path.name}\n" for path in _files(folder, _OF_THE_ID))
    return f"{name}@{hashlib.sha256(lines.encode('utf-8')).hexdigest()[:12]}"


def write_checksums(folder: Path) -> None:
    """Write the SHA-256 of every file of a model folder into ``checksums.json``, for `check_folder`."""
    files = [path for path in _files(folder, (*_READ, "*.json", "*.safetensors")) if path.name != CHECKSUMS]
    sums = {path.name: file_sha256(path) for path in files}
    write_text(json.dumps(sums, indent=2) + "\n", folder / CHECKSUMS)
