"""Parts into one self-contained HTML page, findings first; `build` makes it of a notebook's table.

The sentences live in ``sentences`` and its catalogue, the sections in ``sections`` and ``text_sections``, the
layout in ``templates/report.html``. Figures are encoded here, once.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import html
import importlib.metadata
import io
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import markupsafe
import pandas as pd
from fontTools import subset

from kosent_lab import __version__, figures
from kosent_lab.calibration.calibrator_choice import CalibratorChoice
from kosent_lab.calibration.calibrators import Calibrator
from kosent_lab.calibration.temperature import Temperature
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import write_bytes
from kosent_lab.core.places import BUNDLED, local
from kosent_lab.core.printable import printable
from kosent_lab.report import model_sections, reading_section, sections, sentences, text_sections
from kosent_lab.report.named import shown_name
from kosent_lab.report.parts import Part, from_frame

if TYPE_CHECKING:
    from kosent_lab.models.classifier import Classifier

PAGE = "report.html"
LARGEST = 4_000_000  # bytes: what is mailed about with ease
_PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "pandas", "matplotlib")
# in the order of what a reader must decide: is it good, when can it be trusted, where not, why
_SECTIONS = (
    sections.headline,
    sections.reliability,
    sections.reliability_slices,
    sections.coverage,
    sections.slices,
    sections.causes,
    sections.special,
    text_sections.josa,
)
# behind those: what shows texts, or is of more than the table's answers
_OF_THE_PART = {
    "causes": (sections.mistakes, model_sections.attribution, reading_section.readings),
    "special": (model_sections.three_way, text_sections.words),
}
_FIGURE = re.compile(rf"part[1-9]\d*-({'|'.join(make.__name__ for make in _SECTIONS)})\.svg")


@dataclasses.dataclass(frozen=True)
class Page:
    """The finished report; the last line of a notebook's cell shows it.

    Parameters
    ----------
    html : str
        The page; it needs no other file and no script.
    figures : dict of str to str
        Its figures by the section's anchor, as SVG.
    findings : tuple of str
        The sentences that it opens with.
    """

    html: str = dataclasses.field(repr=False)
    figures: dict[str, str] = dataclasses.field(repr=False)
    findings: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, so that its styles and the notebook's leave each other alone."""
        # a link to a part of the page would else be one to the notebook's own address
        based = self.html.replace("<head>", '<head><base href="about:srcdoc">', 1)
        inner = html.escape(based, quote=True)
        style = "width: 100%; height: 40rem; border: 1px solid #d5dbe0"
        return f'<iframe title="report" srcdoc="{inner}" style="{style}"></iframe>'

    def save(self, folder: str | Path) -> Path:
        """Write ``report.html`` and ``figures/*.svg``, each whole or not at all; an earlier page's figures are removed.

        Only files of the names that figures of a page have are removed; whatever else lies there stays.

        Parameters
        ----------
        folder : str or Path
            Made where it is missing.

        Returns
        -------
        Path
            The page.

        Raises
        ------
        DataError
            When the page would be larger than four megabytes, the limit of what is mailed about with ease, a file is
            named in the place of a folder, or another program's report.html lies there.
        """
        check_target(folder)
        content = self.html.encode("utf-8", "replace")  # a text may hold what UTF-8 cannot
        if len(content) > LARGEST:
            raise DataError(f"the page would take {len(content) / 1e6:.1f} MB; the limit is {LARGEST / 1e6:g} MB")
        page = local(folder) / PAGE
        for name, figure in self.figures.items():
            write_bytes(figure.encode("utf-8"), page.parent / "figures" / f"{name}.svg")
        write_bytes(content, page)
        for old in (page.parent / "figures").glob("part*.svg"):
            if _FIGURE.fullmatch(old.name) and old.stem not in self.figures:
                old.unlink()
        return page


def check_target(folder: str | Path) -> None:
    """Refuse a folder that is a file, or holds a report.html that is none of ours and would be lost."""
    folder = local(folder)
    if folder.suffix == ".html" or (folder.exists() and not folder.is_dir()):
        raise DataError(f"a page is saved in a folder, as report.html with figures beside it; got {folder}")
    page = folder / PAGE
    if page.is_file() and b"kosent-lab" not in page.read_bytes():
        raise DataError(f"{page} is no page of kosent-lab and would be lost. Remove it, or name another folder.")


def build(
    scored: pd.DataFrame,
    *,
    classifier: Classifier | None = None,
    calibrator: Temperature | Calibrator | CalibratorChoice | str | None = BUNDLED,
    title: str = "",
    language: str = "en",
    command: str = "",
    keep_personal: bool = False,
    tags: pd.DataFrame | None = None,
    slice_by: Sequence[str] = (),
) -> Page:
    """Make the report of one scored table.

    Parameters
    ----------
    scored : DataFrame
        Prediction frame with the probabilities as they were scored.
    classifier, calibrator, title, keep_personal, tags, slice_by :
        See `parts.from_frame`.
    language : str
        ``en`` or ``ko``.
    command : str
        The command that gives the same numbers, where there is one; the page ends in it.

    Returns
    -------
    Page
        Shows itself in a notebook; ``.save(folder)`` writes it.

    Raises
    ------
    DataError
        When `scored` holds no predictions or lacks one of `slice_by`, or the language is none of the two.
    """
    options: dict[str, Any] = {"title": title, "keep_personal": keep_personal, "tags": tags, "slice_by": slice_by}
    part = from_frame(scored, classifier=classifier, calibrator=calibrator, **options)
    return build_page([part], language=language, command=command)


def build_page(parts: Sequence[Part], *, language: str = "en", command: str = "") -> Page:
    """Build the page of several parts.

    Parameters
    ----------
    parts : sequence of Part
    language : str
        ``en`` or ``ko``.
    command : str
        How the page is made again; empty for a notebook's.

    Returns
    -------
    Page
    """
    t = sentences.catalogue(language)
    with figures.style():
        rendered = [_render_part(part, language, f"part{number}") for number, part in enumerate(parts, 1)]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(sentences.TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_harmless,
    )
    environment.filters["data_uri"] = _data_uri
    environment.tests["korean"] = _is_korean
    rows = sum(len(part.assessment.frame) for part in parts)
    models = dict.fromkeys(part.model.model_id for part in parts)
    context = {
        "t": t,
        "language": language,
        "subtitle": t["subtitle"].format(
            data=" + ".join(shown_name(part.title) for part in parts),
            model=" + ".join(map(shown_name, models)),
        ),
        "parts": rendered,
        "command": command,
        "reproduce_note": t["reproduce_note"] if command else t["reproduce_notebook"].format(n=f"{rows:,}"),
        "versions": t["versions"].format(versions=_versions()),
    }
    template = environment.get_template("report.html")
    fonts = _subset_fonts(template.render(fonts=["", ""], **context))
    drawn = {section["anchor"]: section["figure"] for part in rendered for section in part["sections"]}
    findings = tuple(sentence for part in rendered for sentence in part["findings"])
    pictures = {name: figure for name, figure in drawn.items() if figure}
    return Page(template.render(fonts=fonts, **context), pictures, findings)


def _render_part(part: Part, language: str, anchor: str) -> dict[str, Any]:
    t, assessment = sentences.catalogue(language), part.assessment
    made = [text_sections.cards(part, t)]
    if len(assessment.frame):
        first, *others = (make(assessment, t) for make in _SECTIONS)
        made = [first, *made]
        for section in others:
            made.append(section)
            made += [make(part, t) for make in _OF_THE_PART.get(section.key, ())]
        if anchor == "part1":  # of the model, whatever the table
            made.append(model_sections.behaviour_tests(part, t))
    return {
        "title": t["part"].format(data=shown_name(part.title)),
        "details": t["details"].format(data=shown_name(part.title)),
        "anchor": anchor,
        "findings": sentences.findings(assessment, language),
        "advice": [
            *sentences.advice(assessment, language),
            *text_sections.personal_data(part.personal, part.masked, t),
        ],
        "sections": [
            {**vars(section), "title": t[section.key], "anchor": f"{anchor}-{section.key}"} for section in made
        ],
    }


def _harmless(value: Any) -> Any:
    """Write out the controls in what is put into the page, but for lines and the isolates that `shown_name` sets."""
    if isinstance(value, markupsafe.Markup) or not isinstance(value, str):
        return value
    return printable(value, keep="\n\t\u2068\u2069")


def _is_korean(value: Any) -> bool:
    """Tell whether what stands in a cell is to be read out as Korean: more Hangul than Latin letters."""
    return isinstance(value, str) and len(re.findall("[가-힣]", value)) > len(re.findall("[A-Za-z]", value))


def _data_uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8")).decode("ascii")


def _versions() -> str:
    found = [f"Python {platform.python_version()}", f"kosent-lab {__version__}"]  # from a checkout too
    return ", ".join(found + [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES])


def _subset_fonts(page: str) -> list[str]:
    """Return the glyphs that `page` needs as WOFF files in base64: Hangul and symbols even where no font has them."""
    files = []
    for path in figures.font_paths():
        options = subset.Options(flavor="woff", layout_features=[], notdef_outline=True)
        options.drop_tables += ["FFTM", *(f"TSI{number}" for number in range(6))]  # of what it does not know it warns
        out = io.BytesIO()
        with contextlib.closing(subset.load_font(path, options)) as font:
            subsetter = subset.Subsetter(options)
            subsetter.populate(text="".join(sorted(set(page))))
            subsetter.subset(font)
            subset.save_font(font, out, options)
        files.append(base64.b64encode(out.getvalue()).decode("ascii"))
    return files
