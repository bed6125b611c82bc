"""From prediction frames to one self-contained HTML page: tables and figures, findings first.

The sentences live in ``report.sentences`` and its catalogue, the layout in ``templates/report.html``.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import importlib.metadata
import io
import logging
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from fontTools import subset

from kosent_lab import calibration, errors, figures, tokenization
from kosent_lab.calibration.metrics import metrics_table
from kosent_lab.core.schema import DataError, NotAvailableError
from kosent_lab.korean import readings
from kosent_lab.report import sections, sentences
from kosent_lab.report.sections import WORD_TEXTS, ModelFacts, Part
from kosent_lab.report.sentences import Measures, decimal, metric

logger = logging.getLogger(__name__)
MISTAKES = 20
_PACKAGES = ("kosent-lab", "torch", "transformers", "tokenizers", "numpy", "pandas", "matplotlib")


@dataclasses.dataclass(frozen=True)
class Page:
    """The finished report: the page, each of its figures as an SVG file, and the sentences it opens with."""

    html: str
    figures: dict[str, bytes]
    findings: tuple[str, ...] = ()


def measure(part: Part, tokenizer: Any, language: str) -> Measures:
    """Measure one part: everything that its findings and sections need.

    Parameters
    ----------
    part : Part
    tokenizer : tokenizers.Tokenizer
    language : str

    Returns
    -------
    Measures
    """
    t = sentences.catalogue(language)
    raw = errors.add_slices(part.frame)
    frame, note = raw, t["temperature_none"]
    if part.temperature is not None:
        frame = part.temperature.apply(raw)
        key = "temperature_fitted" if part.temperature_source else "temperature_model"
        note = t[key].format(
            temperature=decimal(part.temperature.temperature, 2),
            n=f"{part.temperature.n:,}",
            source=part.temperature_source,
        )
    elif part.temperature_failure:
        note = t["temperature_failed"].format(reason=part.temperature_failure)
    unleaked = None
    if "leaked" in frame.columns and frame["leaked"].any():
        unleaked = metrics_table(frame[~frame["leaked"].astype(bool)])
    head = frame.head(WORD_TEXTS)
    texts = head["text"].map(lambda text: "" if pd.isna(text) else str(text))
    words = tokenization.eojeol_frame(head["doc_id"], texts, tokenizer)
    try:
        words = tokenization.add_particles(words, readings.read_cached(head["doc_id"], texts))
    except NotAvailableError as error:  # the page is made without Kiwi too, and says so
        logger.warning("%s", error)
    before = metrics_table(raw)
    return Measures(
        frame=frame,
        before=before,
        after=metrics_table(frame) if part.temperature is not None else before,
        unleaked=unleaked,
        temperature=part.temperature,
        temperature_note=note,
        curve=calibration.risk_coverage(frame),
        slices=errors.slice_table(frame),
        mistakes=errors.confident_mistakes(frame, count=MISTAKES),
        groups=errors.group_table(errors.special_groups(frame)),
        words=words,
    )


def build_page(parts: list[Part], model: ModelFacts, *, language: str = "en", command: str = "") -> Page:
    """Build the whole page.

    Parameters
    ----------
    parts : list of Part
    model : ModelFacts
    language : str
        ``en`` or ``ko``.
    command : str
        How the page is made again.

    Returns
    -------
    Page
        HTML that needs no other file and no script, and its figures.
    """
    t = sentences.catalogue(language)
    with figures.style():
        rendered = [_render_part(part, model, language, f"part{number}") for number, part in enumerate(parts, 1)]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(sentences.TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    context = {
        "t": t,
        "language": language,
        "subtitle": t["subtitle"].format(data=" + ".join(part.title for part in parts), model=model.model_id),
        "parts": rendered,
        "command": command,
        "versions": t["versions"].format(versions=_versions()),
    }
    template = environment.get_template("report.html")
    fonts = _subset_fonts(template.render(fonts=["", ""], **context))
    drawn = {section["anchor"]: section["figure"] for part in rendered for section in part["sections"]}
    pictures = {name: base64.b64decode(content) for name, content in drawn.items() if content}
    findings = tuple(sentence for part in rendered for sentence in part["findings"])
    return Page(template.render(fonts=fonts, **context), pictures, findings)


def _versions() -> str:
    found = [f"Python {platform.python_version()}"]
    return ", ".join(found + [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES])


def _subset_fonts(page: str) -> list[str]:
    """Return the glyphs that `page` needs as WOFF files in base64: Hangul and symbols even where no font has them."""
    files = []
    with _quiet("fontTools"):  # it tells of every table that it drops
        for path in figures.font_paths():
            options = subset.Options(flavor="woff", layout_features=[], notdef_outline=True)
            font = subset.load_font(path, options)
            subsetter = subset.Subsetter(options)
            subsetter.populate(text="".join(sorted(set(page))))
            subsetter.subset(font)
            out = io.BytesIO()
            subset.save_font(font, out, options)
            files.append(base64.b64encode(out.getvalue()).decode("ascii"))
    return files


@contextlib.contextmanager
def _quiet(name: str) -> Iterator[None]:
    noisy = logging.getLogger(name)
    level = noisy.level
    noisy.setLevel(logging.ERROR)
    try:
        yield
    finally:
        noisy.setLevel(level)


def _render_part(part: Part, model: ModelFacts, language: str, anchor: str) -> dict[str, Any]:
    t, model = sentences.catalogue(language), part.model or model
    measures = measure(part, model.tokenizer, language)
    overall = metric(measures.before, "accuracy")["value"]
    worst = errors.worst_slice(measures.slices, overall) if measures.n_labelled else None
    made = [sections.cards_section(part, measures, model, t, anchor)]
    if len(measures.frame):
        first, *others = (make(measures, t, anchor) for make in sections.OF_MEASURES)
        made = [first, *made, *others]
    return {
        "title": t["part"].format(data=part.title),
        "anchor": anchor,
        "findings": sentences.findings(measures, worst, language),
        "advice": sentences.advice(measures, worst, language),
        "sections": made,
    }


def write_page(page: Page, folder: Path) -> None:
    """Write ``report.html`` and ``figures/*.svg``, each whole or not at all; earlier ones are replaced.

    Raises
    ------
    DataError
        When the page would be larger than four megabytes, the limit of what is mailed about with ease.
    """
    # a text may hold what UTF-8 cannot
    content = page.html.encode("utf-8", "replace")
    if len(content) > 4_000_000:
        raise DataError(f"the page would take {len(content) / 1e6:.1f} MB; the limit is 4 MB")
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    files = {"report.html": content} | {f"figures/{name}.svg": figure for name, figure in page.figures.items()}
    for name, data in files.items():
        partial = folder / f"{name}.partial"
        partial.write_bytes(data)
        partial.replace(folder / name)
