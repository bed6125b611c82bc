"""What the ``study`` commands do: tokenizers, particles, recipes of training, other domains.

The arguments are parsed in ``cli.parser``; modules that import torch are imported by the commands that
need them.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import pandas as pd

from kosent_lab.core.schema import DataError

logger = logging.getLogger(__name__)


def _texts(arguments: argparse.Namespace) -> pd.DataFrame:
    """Read the texts named; `--limit` draws that many of them, always the same."""
    from kosent_lab.corpora.documents import load

    frame = load(arguments.data)
    frame = frame[frame["text"].fillna("").str.strip() != ""]
    if arguments.limit is not None and arguments.limit < len(frame):
        frame = frame.sample(arguments.limit, random_state=0).sort_index()
    return frame


def _print_table(table: pd.DataFrame, out: Path | None) -> None:
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        # small p-values keep their size, the rest six digits
        table.to_csv(out, index=False, float_format="%.6g", lineterminator="\n")
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}"))


def study_boundaries(arguments: argparse.Namespace) -> None:
    """Print how tokenizers cut the same texts."""
    from kosent_lab.studies import particles
    from kosent_lab.tokenization.tokenizers import names_at_hand

    names = arguments.names or names_at_hand()
    table = particles.compare_tokenizers(_texts(arguments), names, by=arguments.by, progress=not arguments.quiet)
    if arguments.by is None and not arguments.out:
        wide = table.pivot(index="tokenizer", columns="metric", values="value")
        low, high = (table[table["metric"] == "boundary_kept"].set_index("tokenizer")[c] for c in ("ci_low", "ci_high"))
        wide = wide.assign(kept_ci_low=low, kept_ci_high=high).loc[names].reset_index()
        return _print_table(wide, None)
    return _print_table(table, arguments.out)


def study_particles(arguments: argparse.Namespace) -> None:
    """Print what changing one particle of each text does to the classifier, beside a control."""
    from kosent_lab.behaviour import effects
    from kosent_lab.models.classifier import load_classifier
    from kosent_lab.studies import particles

    frame = _texts(arguments)
    classifier = load_classifier(arguments.model, precision=arguments.precision)
    scored = particles.change_particles(
        frame, classifier, kinds=arguments.kinds or particles.KINDS, seed=arguments.seed, progress=not arguments.quiet
    )
    _print_table(effects.effect_table(scored, by=arguments.by), arguments.out)


def study_recipes(arguments: argparse.Namespace) -> None:
    """Print a paired comparison of two recipes of training, several seeds each."""
    from kosent_lab.core.files import write_parquet
    from kosent_lab.errors.comparison import compare_recipes
    from kosent_lab.studies import kept

    if arguments.first or arguments.second:
        runs = _score_recipes(arguments)
        if arguments.answers:
            write_parquet(kept.widen_runs(runs), arguments.answers)
    elif arguments.answers:
        runs = kept.load_runs(arguments.answers.stem, arguments.answers.parent)
    else:
        runs = kept.load_runs()
    result = compare_recipes(runs)
    _print_table(result.rename_axis("measure").rename("value").reset_index(), arguments.out)


def _score_recipes(arguments: argparse.Namespace) -> pd.DataFrame:
    from kosent_lab.models.classifier import load_classifier
    from kosent_lab.scoring.predict import predict_frame

    frame = _texts(arguments)
    parts = []
    for recipe in (arguments.first, arguments.second):
        name, _, folders = (recipe or "").partition("=")
        if not folders:
            raise DataError(f"--first and --second each need NAME=DIR,DIR,…; got {recipe!r}")
        for seed, folder in enumerate(folders.split(",")):
            answers = predict_frame(frame, load_classifier(folder), progress=not arguments.quiet)
            logger.info("%s, seed %d: accuracy %.4f", name, seed, answers["correct"].mean())
            row = {"doc_id": answers["doc_id"], "recipe": name, "seed": seed, "correct": answers["correct"]}
            parts.append(pd.DataFrame(row))
    return pd.concat(parts, ignore_index=True)


def study_transfer(arguments: argparse.Namespace) -> None:
    """Print how good a model is in other domains, as it is and taught by some of their rows."""
    from kosent_lab.corpora.documents import load
    from kosent_lab.studies import transfer

    columns = {"text_column": arguments.text_column, "label_column": arguments.label_column}
    options = {"per_label": arguments.per_label or None, "seed": arguments.seed}
    frames = {name: load(name, **columns) for name in arguments.data}
    for frame in frames.values():
        transfer.draw_rows(frame, max(arguments.sizes), **options)  # before hours are spent on the first one
    tables = []
    for name, frame in frames.items():
        answers = transfer.learning_curve(
            frame,
            sizes=arguments.sizes,
            source=arguments.model,
            methods=arguments.methods or transfer.METHODS,
            draws=arguments.draws,
            **options,
        )
        tables.append(transfer.curve_table(answers))
        tables[-1].insert(0, "data", name)
        logger.info("%s: %d answers", name, len(answers))
        if arguments.out:  # what is done stands, whatever becomes of the rest
            pd.concat(tables).to_csv(arguments.out, index=False, float_format="%.6g", lineterminator="\n")
    table = pd.concat(tables, ignore_index=True)
    if len(frames) > 1:
        every = table.groupby(["method", "size"], sort=False)
        means = every[["accuracy", "balanced_accuracy", "gain"]].mean()[every.size() == len(frames)]
        means = means.reset_index().assign(data=f"mean of {len(frames)}")
        table = pd.concat([table, means], ignore_index=True)
    _print_table(table, arguments.out)
