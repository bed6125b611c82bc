"""The sections of the report's part for one table: notes, figure, caption, table.

The page around them is built in ``report.page``, their sentences stand in the catalogue (``report.sentences``).
"""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kosent_lab import calibration, errors, figures, tokenization
from kosent_lab.calibration.calibrators import Temperature
from kosent_lab.report.sentences import Measures, decimal, metric, percent, slice_name, slice_value

FIGURE_WIDTH = 7.2  # inches; the page scales it
DRAWN_SLICES = 16
WORD_TEXTS = 2_000


@dataclasses.dataclass(frozen=True)
class ModelFacts:
    """What the page says of the model."""

    model_id: str
    parameters: int
    precision: str
    device: str
    tokenizer: Any


@dataclasses.dataclass(frozen=True)
class Part:
    """One scored table and what the page says of its origin.

    Parameters
    ----------
    title : str
        What the reader knows the data by.
    frame : DataFrame
        Prediction frame with raw probabilities.
    sha256 : str
        Of the data (`core.frame_sha256`).
    temperature : Temperature or None
    temperature_source : str
        What it was fitted on; empty when it came with the model.
    temperature_failure : str
        Why none could be fitted.
    licence : str
    cautions : tuple of str
    model : ModelFacts or None
        How these rows were scored, where it is not as the rest of the page.
    """

    title: str
    frame: pd.DataFrame
    sha256: str
    temperature: Temperature | None = None
    temperature_source: str = ""
    temperature_failure: str = ""
    licence: str = ""
    cautions: tuple[str, ...] = ()
    model: ModelFacts | None = None


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    with plt.rc_context({"svg.hashsalt": "kosent-lab"}):  # the same numbers give the same bytes
        figure.savefig(out, format="svg", metadata={"Date": None})
    plt.close(figure)
    return base64.b64encode(out.getvalue().encode("utf-8")).decode("ascii")


def _figure(draw: Callable[[Axes], Axes], height: float) -> str:
    figure = plt.figure(figsize=(FIGURE_WIDTH, height))
    draw(figure.add_subplot())
    return _svg(figure)


def _table(columns: list[tuple[str, str]], body: list[tuple[Any, ...]]) -> dict[str, Any]:
    return {"columns": columns, "body": body}


def _section(key: str, t: dict[str, str], anchor: str, **content: Any) -> dict[str, Any]:
    empty = {"notes": [], "figure": "", "alt": "", "caption": "", "table": None, "lines": []}
    return empty | {"title": t[key], "anchor": f"{anchor}-{key}"} | content


def _interval(row: pd.Series, form: Callable[[float], str]) -> str:
    return f"{form(row['ci_low'])} – {form(row['ci_high'])}"


def headline_section(measures: Measures, t: dict[str, str], anchor: str) -> dict[str, Any]:
    """Table of every metric before and after the temperature."""
    if not measures.n_labelled:
        return _section("headline", t, anchor, notes=[t["no_labels"]])
    body = []
    for name in ("accuracy", "mean_confidence", "ece", "ece_positive", "brier", "nll"):
        form = percent if name in ("accuracy", "mean_confidence") else decimal
        before, after = metric(measures.before, name), metric(measures.after, name)
        cells = (form(before["value"]), _interval(before, form), form(after["value"]), _interval(after, form))
        body.append((t[f"m_{name}"], *cells, f"{before['n']:,}"))
        if name == "accuracy" and measures.unleaked is not None:
            row = metric(measures.unleaked, name)
            cells = (percent(row["value"]), _interval(row, percent)) * 2
            body.append((t["m_accuracy_unleaked"], *cells, f"{row['n']:,}"))
    names = [t["measure"], t["before"], t["interval"], t["after"], t["interval"], t["rows"]]
    if measures.temperature is None:  # nothing changes, so nothing comes after
        names, body = names[:3] + names[5:], [row[:3] + row[5:] for row in body]
    columns = [(name, "number" if place else "") for place, name in enumerate(names)]
    notes = [t["headline_note"].format(bins=calibration.BINS), measures.temperature_note]
    return _section("headline", t, anchor, notes=notes, table=_table(columns, body))


def reliability_section(measures: Measures, t: dict[str, str], anchor: str) -> dict[str, Any]:
    """Reliability diagram before and after, over the counts of the bins."""
    if not measures.n_labelled:
        return _section("reliability", t, anchor, notes=[t["no_labels"]])
    raw = Temperature(1.0).apply(measures.frame)
    before, after = calibration.reliability_table(raw), calibration.reliability_table(measures.frame)
    figure = plt.figure(figsize=(FIGURE_WIDTH * 0.75, FIGURE_WIDTH * 0.75))
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    name = f"{t['before']} (n={measures.n_labelled:,})"
    calibration.plot_reliability(before, ax=top, label=name, color=figures.MUTED, linestyle=":", marker="s")
    if measures.temperature is not None:
        calibration.plot_reliability(after, ax=top, label=t["after"])
    top.set(ylabel=t["y_accuracy"], xlim=(0.5, 1.0))
    top.legend(loc="upper left")
    calibration.plot_counts(after, ax=bottom)
    bottom.set(xlabel=t["x_confidence"], ylabel=t["y_count"])
    body = [
        (f"{row['bin_lower']:.2f}–{row['bin_upper']:.2f}", f"{int(row['count']):,}", percent(row["mean_confidence"]),
         percent(row["accuracy"]), _interval(row, percent))
        for _, row in after[after["bin_upper"] > 0.5].iterrows()
    ]  # fmt: skip
    columns = [
        (t["confidence"], ""),
        *((t[k], "number") for k in ("rows", "m_mean_confidence", "accuracy", "interval")),
    ]
    return _section(
        "reliability",
        t,
        anchor,
        figure=_svg(figure),
        alt=t["reliability_alt"],
        caption=t["reliability_caption"],
        table=_table(columns, body),
    )


def coverage_section(measures: Measures, t: dict[str, str], anchor: str) -> dict[str, Any]:
    """Risk–coverage curve."""
    if not measures.n_labelled:
        return _section("coverage", t, anchor, notes=[t["no_labels"]])

    def draw(ax: Axes) -> Axes:
        calibration.plot_risk_coverage(measures.curve, ax=ax)
        ax.set(xlabel=t["x_coverage"], ylabel=t["y_risk"])
        return ax

    return _section(
        "coverage", t, anchor, figure=_figure(draw, 3.2), alt=t["coverage_alt"], caption=t["coverage_caption"]
    )


def slices_section(measures: Measures, t: dict[str, str], anchor: str) -> dict[str, Any]:
    """Accuracy of every slice, drawn for the worst ones."""
    table = measures.slices
    if table.empty:
        return _section("slices", t, anchor, notes=[t["slices_none"] if measures.n_labelled else t["no_labels"]])
    drawn = table.sort_values("accuracy").head(DRAWN_SLICES)
    pairs = zip(drawn["column"], drawn["value"], strict=True)
    drawn = drawn.assign(value=[f"{slice_name(column, t)}: {slice_value(value, t)}" for column, value in pairs])
    overall = metric(measures.before, "accuracy")["value"]

    def draw(ax: Axes) -> Axes:
        errors.plot_slices(drawn, ax=ax, overall=overall)
        ax.set(xlabel=t["x_accuracy"])
        return ax

    body = [
        (slice_name(row["column"], t), slice_value(row["value"], t), f"{row['n']:,}", percent(row["accuracy"]),
         _interval(row, percent), percent(row["mean_confidence"]), decimal(row["ece"]))
        for _, row in table.iterrows()
    ]  # fmt: skip
    keys = ("rows", "accuracy", "interval", "m_mean_confidence", "ece")
    columns = [(t["slice"], ""), (t["value"], ""), *((t[key], "number") for key in keys)]
    notes = [t["slices_more"].format(shown=len(drawn), total=len(table))] if len(table) > len(drawn) else []
    return _section(
        "slices",
        t,
        anchor,
        notes=notes,
        figure=_figure(draw, 0.8 + 0.28 * len(drawn)),
        alt=t["slices_alt"],
        caption=t["slices_caption"],
        table=_table(columns, body),
    )


def _label_name(value: Any, t: dict[str, str]) -> str:
    return "–" if pd.isna(value) else t["positive"] if int(value) == 1 else t["negative"]


def mistakes_section(measures: Measures, t: dict[str, str], anchor: str) -> dict[str, Any]:
    """The mistakes that the model is surest of."""
    if not measures.n_labelled:
        return _section("mistakes", t, anchor, notes=[t["no_labels"]])
    rows = measures.mistakes
    if rows.empty:
        return _section("mistakes", t, anchor, notes=[t["mistakes_none"]])
    body = [
        (
            figures.drawable(str(row["doc_id"] if pd.isna(row["text"]) else row["text"])[:300]),
            _label_name(row["label"], t),
            _label_name(row["pred"], t),
            percent(row["confidence"]),
        )
        for _, row in rows.iterrows()
    ]
    columns = [(t["text"], "text"), (t["label"], ""), (t["answer"], ""), (t["confidence"], "number")]
    return _section("mistakes", t, anchor, notes=[t["mistakes_note"].format(n=len(rows))], table=_table(columns, body))


def special_section(measures: Measures, t: dict[str, str], anchor: str) -> dict[str, Any]:
    """What neutral and sarcastic texts get."""
    if measures.groups.empty:
        return _section("special", t, anchor, notes=[t["special_none"]])
    groups = errors.special_groups(measures.frame)
    series = {f"{t[f'g_{name}']} (n={len(rows):,})": rows["prob_1"] for name, rows in groups.items()}

    def draw(ax: Axes) -> Axes:
        errors.plot_probabilities(series, ax=ax)
        ax.set(xlabel=t["x_prob"], ylabel=t["y_share"])
        return ax

    body = [
        (t[f"g_{row['group']}"], f"{row['n']:,}", decimal(row["mean_prob_1"], 2), percent(row["share_positive"]),
         _interval(row, percent), percent(row["share_sure"]), percent(row["accuracy"]))
        for _, row in measures.groups.iterrows()
    ]  # fmt: skip
    keys = ("rows", "mean_prob", "called_positive", "interval", "sure_share", "accuracy")
    columns = [(t["group"], ""), *((t[key], "number") for key in keys)]
    return _section(
        "special",
        t,
        anchor,
        figure=_figure(draw, 3.4),
        alt=t["special_alt"],
        caption=t["special_caption"],
        table=_table(columns, body),
    )


def _is_saved(measures: Measures) -> bool:
    """Tell whether the rows are saved answers, which have no texts."""
    return bool(len(measures.frame) and measures.frame["text"].isna().all())


def words_section(measures: Measures, t: dict[str, str], anchor: str) -> dict[str, Any]:
    """How words are cut."""
    words = measures.words
    if words.empty:
        return _section("words", t, anchor, notes=[t["words_saved" if _is_saved(measures) else "words_none"]])
    pieces = int(words["n_pieces"].sum())
    note = t["words_note"].format(
        n=f"{min(len(measures.frame), WORD_TEXTS):,}",
        eojeol=f"{len(words):,}",
        fertility=decimal(words["n_pieces"].mean(), 2),
        whole=percent((words["n_pieces"] == 1).mean()),
        unknown=percent(words["n_unknown"].sum() / max(1, pieces)),
    )
    counted = words.groupby(["eojeol", "pieces", "n_pieces"], as_index=False).size()
    most = counted[counted["size"] >= 2].sort_values(["n_pieces", "size"], ascending=False, kind="stable").head(12)
    body = [
        (
            figures.drawable(row["eojeol"][:40]),
            figures.drawable(row["pieces"][:80]),
            str(row["n_pieces"]),
            str(row["size"]),
        )
        for _, row in most.iterrows()
    ]
    columns = [(t["word"], ""), (t["cut"], ""), (t["pieces"], "number"), (t["count"], "number")]
    return _section("words", t, anchor, notes=[note, t["words_table"]], table=_table(columns, body))


def josa_section(measures: Measures, t: dict[str, str], anchor: str) -> dict[str, Any]:
    """Which particles the cutting keeps apart, and how well the texts that hold them are read."""
    words = measures.words
    if "boundary_kept" not in words.columns:
        return _section("josa", t, anchor, notes=[t["josa_no_reader"]])
    own = words[words["boundary_kept"].notna()]
    if own.empty:
        return _section("josa", t, anchor, notes=[t["words_saved" if _is_saved(measures) else "josa_none"]])
    kept = tokenization.measure_pieces(words).set_index("metric").loc["boundary_kept"]
    ill = own[own["agrees"].eq(False).fillna(False)]
    notes = [
        t["josa_note"].format(
            n=f"{len(own):,}", kept=percent(kept["value"]), low=percent(kept["ci_low"]), high=percent(kept["ci_high"])
        ),
        t["josa_ill"].format(n=f"{len(ill):,}", texts=f"{ill['doc_id'].nunique():,}"),
    ]
    table = tokenization.particle_table(words, measures.frame)
    columns = [(t["josa_form"], ""), (t["count"], "number"), (t["josa_kept"], "number"), (t["interval"], "number")]
    body = [
        (row["josa"], f"{row['n']:,}", percent(row["kept"]), _interval(row, percent)) for _, row in table.iterrows()
    ]
    if table["accuracy"].notna().any():
        columns += [(t["josa_texts"], "number"), (t["accuracy"], "number"), (t["interval"], "number")]
        body = [
            (*cells, f"{n:,}", percent(value), f"{percent(low)} – {percent(high)}")
            for cells, n, value, low, high in zip(
                body, table["n_texts"], table["accuracy"], table["accuracy_ci_low"], table["accuracy_ci_high"],
                strict=True,
            )
        ]  # fmt: skip
    return _section("josa", t, anchor, notes=[*notes, t["josa_table"]], table=_table(columns, body))


def cards_section(part: Part, measures: Measures, model: ModelFacts, t: dict[str, str], anchor: str) -> dict[str, Any]:
    """Cards of data and model."""
    neutral = int((measures.frame["polarity"] == "neutral").sum()) if "polarity" in measures.frame.columns else 0
    rows = t["c_rows"].format(n=f"{len(part.frame):,}", labelled=f"{measures.n_labelled:,}", neutral=f"{neutral:,}")
    lines = [rows, t["c_hash"].format(hash=part.sha256)]
    if part.licence:
        lines.append(t["c_licence"].format(licence=part.licence))
    lines += [t["c_caution"].format(caution=caution) for caution in part.cautions]
    about = t["c_model"].format(
        model=model.model_id, parameters=f"{model.parameters:,}", precision=model.precision, device=model.device
    )
    body = [(t["data_card"] if not place else "", line) for place, line in enumerate(lines)]
    body.append((t["model_card"], about))
    return _section("cards", t, anchor, table=_table([("", "name"), ("", "text")], body))


# in the order of what a reader must decide: is it good, when can it be trusted, where not, why
OF_MEASURES = (
    headline_section,
    reliability_section,
    coverage_section,
    slices_section,
    mistakes_section,
    special_section,
    words_section,
    josa_section,
)
