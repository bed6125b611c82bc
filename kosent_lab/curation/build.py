"""Build a governed corpus: sources, steps one after the other, shards, lineage, what changed since the version before.

A killed build goes on after its last whole step; the version before lies where it was until the new one is whole.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kosent_lab import __version__
from kosent_lab.core import jobs
from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.core.files import file_sha256, write_parquet, write_text
from kosent_lab.core.folders import whole_folder
from kosent_lab.core.locks import hold
from kosent_lab.core.places import local
from kosent_lab.corpora.personal import fingerprint
from kosent_lab.curation.changes import changelog, compare_snapshots
from kosent_lab.curation.croissant import write_croissant
from kosent_lab.curation.data_card import write_card
from kosent_lab.curation.documents import read_sources
from kosent_lab.curation.engines import Engine, Here
from kosent_lab.curation.identity import text_swhid
from kosent_lab.curation.licences import licence_names
from kosent_lab.curation.lineage import lineage_of, no_lineage, reasons_of
from kosent_lab.curation.outcome import Outcome
from kosent_lab.curation.recipe import SAID, Recipe, StepCall
from kosent_lab.curation.registry import still_asked
from kosent_lab.curation.scanner import scan
from kosent_lab.curation.snapshots import (
    ASKED,
    CARD,
    CHANGELOG,
    CROISSANT,
    FORMAT,
    LINEAGE,
    MANIFEST,
    RECIPE,
    Snapshot,
    manifest_sha256,
    open_snapshot,
)
from kosent_lab.curation.steps import run_in_parts

logger = logging.getLogger(__name__)
OWN = ("part-*.parquet", LINEAGE, ASKED, MANIFEST, CHANGELOG, CARD, RECIPE, CROISSANT)


def build_corpus(
    recipe: Recipe,
    out: str | Path,
    *,
    scanner: Sequence[str] = (),
    engine: Engine | None = None,
    previous: str | Path | None = None,
) -> Snapshot:
    """Build the corpus of a recipe into a folder.

    Parameters
    ----------
    recipe : Recipe
    out : str or Path
        A version that lies there is replaced once the new one is whole, and compared with it.
    scanner : sequence of str
        A command that every document is shown to before all steps but opt-out (`scanner.scan`).
    engine : Engine, optional
        Where documents are looked at (`engines.open_engine`); in this process when None. The result is the same.
    previous : str or Path, optional
        The version before, where that is to stay beside the new one.

    Returns
    -------
    Snapshot

    Raises
    ------
    DataError
        When a step cannot be done, no document is left, or the version that lies there has the same number and
        other documents.
    """
    out = local(out)
    previous = local(previous) if previous is not None else None
    out = out.resolve()
    work = out.with_name(f".{out.name}.build")
    with hold(work):
        before = _former(out, recipe)
        if previous is not None:
            if before is not None:
                raise DataError(f"{out} holds {before.version} itself; leave the former version ({previous}) out")
            before = _former(open_snapshot(previous).folder, recipe)
        registries = [call.options["registry"] for call in recipe.steps if "registry" in call.options]
        for root in ((recipe.folder / one["folder"]).resolve() for one in recipe.sources if "folder" in one):
            if out.is_relative_to(root):
                raise DataError(f"{out} lies in the source {root}, which would then read itself; build elsewhere")
            if within := [path for path in registries if path.resolve().is_relative_to(root)]:
                raise DataError(
                    f"the registry {within[0]} lies in the source {root}: whoever asked to be left out would stand in "
                    "the corpus. Keep it elsewhere."
                )
        frame, inputs = read_sources(recipe.sources, folder=recipe.folder)
        asked = before.asked() if before else {}
        about = jobs.describe(
            recipe=recipe.text, inputs=inputs, registries=_hashes(registries), scanner=list(scanner), asked=asked
        )
        if asked and not any(call.step == "opt-out" for call in recipe.steps):
            raise DataError(
                f"{before.version} left texts out by wishes, and the recipe has no step opt-out, so that they would "
                'come back; add it: [[steps]] step = "opt-out"'
            )
        if before and asked and before.manifest.get("masking") != fingerprint():
            logger.warning(
                "%s remembers what was asked out by hashes of texts with personal data masked, and what is masked has "
                "changed since: of a text that holds any, a copy may not be known again, nor a wish that is entered by "
                "a hash. Enter such a wish by document or owner too, or by its text anew.", before.version,
            )  # fmt: skip
        _open_work(work, about)
        lineage, steps = [], []
        masked = any(one.step == "personal" and one.options.get("action") != "report" for one in recipe.steps)
        calls = list(recipe.steps)
        if scanner:  # behind the wishes: of what a step before them takes out, no copy could follow one
            first = 1 if calls and calls[0].step == "opt-out" else 0
            calls.insert(first, StepCall("scanner", {"command": list(scanner)}))
        for number, call in enumerate(calls):
            more = {"asked": asked} if call.step == "opt-out" else {}
            outcome = _run(call, frame, work / f"step-{number:02d}", engine or Here(), **more)
            lineage.append(lineage_of(frame, outcome, call.step, masked=masked))
            fewer = outcome.apply(frame)
            steps.append(
                {
                    "step": call.step,
                    "options": {name: _plain(value) for name, value in call.options.items()},
                    "rows_in": len(frame),
                    "removed": len(frame) - len(fewer),
                    "changed": len(outcome.changed),
                    "rows_out": len(fewer),
                    "facts": outcome.facts,
                }
            )
            logger.info("%s: %d documents of %d, %d changed", call.step, len(fewer), len(frame), len(outcome.changed))
            frame = fewer
        if frame.empty:
            took = "; ".join(f"{reason}: {n:,}" for reason, n in reasons_of(lineage).items())
            raise DataError(f"no document is left of {recipe.name}: {took or 'its sources hold none'}")
        facts = {"inputs": inputs, "steps": steps}
        touched = pd.concat([no_lineage(), *lineage], ignore_index=True)
        snapshot = _write(recipe, frame, touched, facts, before, out)
        shutil.rmtree(work, ignore_errors=True)
    return snapshot


def _plain(value: Any) -> Any:
    return value.name if isinstance(value, Path) else value


def _hashes(paths: list[Path]) -> list[str]:
    if missing := [path for path in paths if not path.is_file()]:
        raise NotAvailableError(f"the registry of opt-outs {missing[0]} is missing; the recipe names it")
    return [file_sha256(path) for path in paths]


def _former(out: Path, recipe: Recipe) -> Snapshot | None:
    """Return the version that lies in the folder, where there is one of this corpus."""
    try:
        before = open_snapshot(out)
    except NotAvailableError:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise DataError(
                f"{out} is there and holds no governed corpus; build into a new or an empty folder"
            ) from None
        return None
    before.check(LINEAGE, ASKED)  # which wishes are remembered by
    if before.manifest["name"] != recipe.name:
        raise DataError(f"{out} holds {before.version}, another corpus than {recipe.name}; build into another folder")
    if _numbers(recipe.version) < _numbers(before.manifest["version"]):
        raise DataError(
            f"{out} holds {before.version}, which is newer than {recipe.version}; raise the recipe's version"
        )
    return before


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _open_work(work: Path, about: dict[str, Any]) -> None:
    """Keep what an earlier build of the same recipe and inputs has done; remove what one of others did."""
    job = work / "job.json"
    if not (job.is_file() and json.loads(job.read_text("utf-8")) == about):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        write_text(json.dumps(about, ensure_ascii=False), job)


def _run(call: StepCall, frame: pd.DataFrame, kept: Path, engine: Engine, **more: Any) -> Outcome:
    """Run a step, with `more` than its recipe says, or read what an earlier build made of it."""
    facts = kept.with_suffix(".json")
    if facts.is_file():  # written last
        logger.info("%s: there already", call.step)
    else:
        if call.step == "scanner":
            outcome = scan(frame, **call.options)
        else:
            outcome = run_in_parts(call.step, frame, call.options | more, engine)
        write_parquet(outcome.removed, kept.with_suffix(".removed.parquet"))
        write_parquet(outcome.changed, kept.with_suffix(".changed.parquet"))
        write_text(json.dumps(outcome.facts, ensure_ascii=False), facts)
    # read in either case: a build that was killed and goes on has the same types in its tables
    parts = [pd.read_parquet(kept.with_suffix(f".{part}.parquet")) for part in ("removed", "changed")]
    return Outcome(*parts, facts=json.loads(facts.read_text("utf-8")))


def _write(
    recipe: Recipe,
    frame: pd.DataFrame,
    lineage: pd.DataFrame,
    facts: dict[str, Any],
    before: Snapshot | None,
    out: Path,
) -> Snapshot:
    frame = frame.assign(swhid=frame["text"].map(text_swhid))
    if "skipped" in frame.columns:  # of what was not read the content is not known
        frame["swhid"] = frame["swhid"].mask(frame["skipped"].fillna("") != "", "")
    with whole_folder(out, own=OWN) as fresh:
        shards = []
        for number, first in enumerate(range(0, max(1, len(frame)), recipe.shard_rows)):
            path = fresh / f"part-{number:05d}.parquet"
            part = frame.iloc[first : first + recipe.shard_rows]
            write_parquet(part, path)
            shards.append({"file": path.name, "rows": len(part), "sha256": file_sha256(path)})
        write_parquet(lineage, fresh / LINEAGE)
        write_text(recipe.text, fresh / RECIPE)
        manifest: dict[str, Any] = {
            "format": FORMAT,
            **{key: getattr(recipe, key) for key in ("name", "title", "version", "licence")},
            **{key: said for key in SAID if (said := getattr(recipe, key))},
            "code": f"kosent-lab {__version__}",
            "masking": fingerprint(),
            "rows": len(frame),
            "columns": {name: str(kind) for name, kind in frame.dtypes.items()},
            **facts,
            "shards": shards,
        }
        new = Snapshot(fresh, manifest)
        changes = compare_snapshots(before, new) if before else None
        _warn_of_licences(recipe.licence, frame["licence"].value_counts())
        same = before is not None and before.manifest["shards"] == shards
        same = same and all(before.manifest[key] == manifest[key] for key in ("title", "licence"))
        if before and not same and before.manifest["version"] == recipe.version:
            raise DataError(
                f"{out} holds {before.version} with other documents, title or licence; raise the version in the recipe "
                f"(+{len(changes['added']):,}, -{len(changes['removed']):,}, {len(changes['changed']):,} changed)"
            )
        kept = (before.folder / CHANGELOG).read_text("utf-8") if before else ""
        write_text(
            kept if same and before.manifest["version"] == recipe.version else changelog(new, before, changes, kept),
            fresh / CHANGELOG,
        )
        write_card(new, fresh / CARD)
        write_croissant(new, fresh / CROISSANT)
        files = [LINEAGE, RECIPE, CHANGELOG, CARD, CROISSANT]
        standing = {name: wish for step in facts["steps"] for name, wish in step["facts"].get("requests", {}).items()}
        remembered = before.remembered(new) if before else {}
        asked_rows = still_asked(remembered, standing)
        if forgotten := sorted({request for request, _ in remembered.values()} - {one for _, one, _ in asked_rows}):
            logger.warning(
                "the registry no longer holds %s, or as another wish (its salt may be missing): copies of what they "
                "took out before are not known any more, and may come back", ", ".join(forgotten),
            )  # fmt: skip
        if asked_rows:  # whichever version before took it out; of a wish that was withdrawn nothing is kept
            write_parquet(pd.DataFrame(asked_rows, columns=["letters_sha256", "request", "wish"]), fresh / ASKED)
            files.append(ASKED)
        manifest["files"] = {name: file_sha256(fresh / name) for name in files}
        manifest["sha256"] = manifest_sha256(manifest)
        write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", fresh / MANIFEST)
    return open_snapshot(out)


def _warn_of_licences(whole: str, counts: pd.Series) -> None:
    """Say which licences of documents the licence of the whole does not name."""
    names = licence_names(whole)
    odd = {licence: n for licence, n in counts.items() if not licence_names(str(licence)) <= names}
    if odd:
        said = ", ".join(f"{licence} ({n:,})" for licence, n in sorted(odd.items()))
        logger.warning("the licence of the whole, %s, does not name that of these documents: %s", whole, said)
