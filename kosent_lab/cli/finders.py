"""``evaluate`` of what finds: particles, personal data, near copies, replaced pieces; the classifier: ``score``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kosent_lab.cli.options import print_result, read_documents
from kosent_lab.core.exceptions import DataError

if TYPE_CHECKING:
    import pandas as pd

HOMOGRAPHS = "kiwi_disambiguation"
ALL_PAIRS = 50_000  # texts of which every pair is compared


def evaluate_josa(arguments: argparse.Namespace) -> None:
    """Print how well particles are found, against a treebank."""
    from kosent_lab.korean import josa_scores, morphology, treebanks

    name, _, split = arguments.data.partition(":")
    if name == HOMOGRAPHS:
        return _evaluate_homographs(arguments)
    if name not in treebanks.NAMES or not split:
        raise DataError(
            f"--task josa needs --data TREEBANK:SPLIT ({', '.join(treebanks.NAMES)}) or {HOMOGRAPHS}; "
            f"got {arguments.data!r}"
        )
    tokens = treebanks.load_treebank(name, split)
    texts = tokens.groupby("sent_id", sort=False)["text"].first().head(arguments.limit)
    gold = treebanks.gold_eojeol(tokens[tokens["sent_id"].isin(texts.index)])
    scores = josa_scores.score_josa(gold, morphology.read_eojeol(texts.index, texts.tolist()))
    result: dict[str, Any] = {"data": arguments.data, "sentences": len(texts), "n": len(gold)}
    result["unreadable"] = int((~gold["readable"]).sum())
    return _print_metrics(result, scores, arguments.json)


def _evaluate_homographs(arguments: argparse.Namespace) -> None:
    from kosent_lab import corpora
    from kosent_lab.korean import josa_scores, morphology

    frame = corpora.load_corpus(HOMOGRAPHS).head(arguments.limit)
    scores = josa_scores.score_homographs(frame, morphology.read_morphemes(frame["text"]))
    _print_metrics({"data": HOMOGRAPHS, "n": len(frame)}, scores, arguments.json)


def evaluate_personal(arguments: argparse.Namespace) -> None:
    """Print how well personal data is found on lines in which it is marked."""
    from kosent_lab.curation.personal_scores import PARTS, read_marked, score_personal

    name, _, part = arguments.data.partition(":")
    if name in ("kosent-pack", "kosent-personal"):  # the first is the default of all tasks
        if part and part not in PARTS:
            raise DataError(f"kosent-personal has the parts {' and '.join(PARTS)}; got {part!r}")
        path = PARTS[part or "test"]
    else:
        path = Path(arguments.data)
    lines = read_marked(path).head(arguments.limit)
    if not lines["marked"].map(len).any():
        raise DataError(f"{path} marks nothing (<<phone:010-0000-0000>>); there is nothing to measure")
    table, _ = score_personal(lines)
    shown, beside = table.round(3).to_string(index=False), []
    if arguments.presidio:
        from kosent_lab.curation import presidio

        beside, _ = score_personal(lines, presidio.presidio_finder())
        beside = beside[beside["kind"].isin(presidio.KINDS.values())]
        shown += f"\npresidio, of what it looks for:\n{beside.round(3).to_string(index=False)}"
        beside = beside.to_dict("records")
    unmarked = int(lines["marked"].map(len).eq(0).sum())
    result = {"data": path.name, "lines": len(lines), "unmarked": unmarked}
    kinds = {row["kind"]: row for row in table.to_dict("records")}
    result |= {"kinds": kinds, "presidio": {row["kind"]: row for row in beside}}
    print_result(result, arguments.json, shown=shown)


def evaluate_duplicates(arguments: argparse.Namespace) -> None:
    """Print how many near copies are found, and found rightly, at several thresholds."""
    import pandas as pd

    from kosent_lab.curation.duplicate_scores import THRESHOLDS, score_pairs
    from kosent_lab.curation.folders import read_folder

    folder = Path(arguments.data)
    unit = arguments.unit or ("tokens" if folder.is_dir() else "letters")
    if folder.is_dir():
        files = read_folder(folder)["text"]
        texts = files[files.str.strip() != ""].head(arguments.limit or ALL_PAIRS)
    else:
        texts = read_documents(arguments, arguments.data)["text"].head(arguments.limit or ALL_PAIRS)
    if len(texts) < 2:
        raise DataError(f"near copies are looked for among two texts or more; {arguments.data} has {len(texts)}")
    rows = [score_pairs(texts, threshold=threshold, unit=unit) for threshold in THRESHOLDS]
    result = {"data": folder.name if folder.is_dir() else arguments.data, "unit": unit, "n": len(texts)}
    shown = pd.DataFrame(rows).to_string(index=False)
    print_result(result | {"by_threshold": rows}, arguments.json, shown=shown)


def evaluate_rtd(arguments: argparse.Namespace) -> None:
    """Print how well a pair finds the pieces that its generator replaced."""
    from kosent_lab import scoring
    from kosent_lab.core.files import frame_sha256
    from kosent_lab.core.model_files import model_id
    from kosent_lab.core.places import PAIR_FOLDER
    from kosent_lab.models.devices import choose_device
    from kosent_lab.models.pairs import load_pair
    from kosent_lab.tokenization.tokenizers import open_tokenizer

    folder = Path(arguments.model) if arguments.model else PAIR_FOLDER
    pair = load_pair(folder).to(choose_device(arguments.device))
    frame = read_documents(arguments, arguments.data).head(arguments.limit)
    texts = frame["text"].dropna().astype(str)
    texts = texts[texts.str.strip() != ""]
    if texts.empty:
        raise DataError(f"{arguments.data} has no text that is not blank; replaced pieces are looked for in texts")
    tokenizer = open_tokenizer(folder)
    scores = scoring.measure_detection(scoring.replace_pieces(pair, tokenizer, texts.tolist()))
    result = {"data": arguments.data, "n": int(scores["n"].iloc[0])}
    result["model_id"] = model_id(folder.resolve().name, folder)
    _print_metrics(result | {"data_sha256": frame_sha256(frame)}, scores, arguments.json)


def _print_metrics(result: dict[str, Any], scores: pd.DataFrame, path: Path | None) -> None:
    for row in scores.to_dict("records"):
        result |= {row["metric"]: row["value"], f"{row['metric']}_ci": [row["ci_low"], row["ci_high"]]}
    print_result(result | {"params": scores["params"].iloc[0]}, path)
