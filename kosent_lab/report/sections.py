"""The sections on errors and confidence: each formats tables of an `Assessment` and draws one figure.

Texts cut into words and the cards of data and model are in ``text_sections``; the words of every section
stand in the catalogue (``sentences``), the page around them in ``page``.
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from kosent_lab import calibration, errors, figures
from kosent_lab.calibration.outcomes import pair_groups
from kosent_lab.core.printable import cut
from kosent_lab.core.shares import share
from kosent_lab.report.assessment import Assessment
from kosent_lab.report.layout import (
    FIGURE_WIDTH,
    Section,
    Table,
    columns,
    draw,
    interval,
    label_name,
    slice_label,
    to_svg,
)
from kosent_lab.report.named import conditions_name, shown_name, slice_name, slice_value
from kosent_lab.report.parts import Part
from kosent_lab.report.sentences import OFTEN_WORST, metric
from kosent_lab.report.written import between, decimal, percent, signed_points

DRAWN_SLICES = 16
SHOWN_CAUSES = 20
KEPT = (1.0, 0.8, 0.6, 0.4, 0.2)  # shares of the answers of the table beside the curve


def headline(assessment: Assessment, t: dict[str, str]) -> Section:
    """Table of every metric before and after calibration."""
    if not assessment.n_labelled:
        return Section("headline", (t["no_labels"],))
    body = []
    after_table = assessment.before if assessment.after is None else assessment.after
    for name in ("accuracy", "mean_confidence", "ece", "ece_positive", "brier", "nll"):
        form = percent if name in ("accuracy", "mean_confidence") else decimal
        before, after = metric(assessment.before, name), metric(after_table, name)
        cells = (form(before["value"]), interval(before, t, form), form(after["value"]), interval(after, t, form))
        body.append((t[f"m_{name}"], *cells, f"{before['n']:,}"))
        others = {"unleaked": assessment.unleaked, "filled": assessment.filled} if name == "accuracy" else {}
        for which, tables in others.items():
            if tables is not None:
                rows = [metric(table, name) for table in tables]
                cells = tuple(cell for row in rows for cell in (percent(row["value"]), interval(row, t)))
                body.append((t[f"m_accuracy_{which}"], *cells, f"{rows[0]['n']:,}"))
        for measure in ("balanced", "auroc") if name == "accuracy" else ():
            parts = [pd.Series(getattr(assessment.by_label[when], measure)._asdict()) for when in ("before", "after")]
            form = percent if measure == "balanced" else decimal
            cells = tuple(cell for part in parts for cell in (form(part["value"]), interval(part, t, form)))
            body.append((t[f"m_{measure}"], *cells, f"{before['n']:,}"))
    names = (t["before"], t["interval"], t["after"], t["interval"], t["rows"])
    if assessment.after is None:  # nothing changes, so nothing comes after
        names, body = (*names[:2], names[4]), [row[:3] + row[5:] for row in body]
    note = t["headline_note"].format(bins=calibration.BINS)
    note += "" if assessment.after is None else f" {t['headline_after']}"
    notes = (note, calibrator_note(assessment, t))
    return Section("headline", notes, table=Table(columns((t["measure"],), names), body))


def calibrator_note(assessment: Assessment, t: dict[str, str]) -> str:
    """Say where the calibrator comes from and what it changes, or why there is none."""
    choice = assessment.choice
    if choice.calibrator is None:
        return _failed(choice, t) if choice.failure else t["calibrator_none"]
    said = {"n": f"{choice.calibrator.n:,}", "source": shown_name(choice.source or t["unknown_source"])}
    if choice.calibrator.temperature is None:
        changed = int((assessment.frame["pred"] != assessment.scored["pred"]).sum())
        note = t["calibrator_fitted"].format(method=choice.calibrator.method, changed=f"{changed:,}", **said)
    else:
        key = "temperature_fitted" if choice.calibrator.n else "temperature_given"
        key = "temperature_model" if choice.bundled else key
        note = t[key].format(temperature=decimal(choice.calibrator.temperature, 2), **said)
    if choice.caution:
        right = percent(choice.calibrator.accuracy)  # of a model's own temperature it is not known
        known = "" if pd.isna(choice.calibrator.accuracy) else t["of_them_right"].format(accuracy=right)
        key = "calibrator_upside_down" if choice.calibrator.temperature is None else "temperature_at_limit"
        note += " " + t[key].format(accuracy=right, known=known)
    return f"{_failed(choice, t)} {note}" if choice.failure else note


def _failed(choice: calibration.CalibratorChoice, t: dict[str, str]) -> str:
    if not choice.why:
        return t["calibrator_failed"].format(reason=choice.failure)
    return t[f"failed_{choice.why}"].format(source=shown_name(choice.source or t["unknown_source"]))


def reliability(assessment: Assessment, t: dict[str, str]) -> Section:
    """Reliability diagram after calibration over the curve before it, and the bins as a table."""
    if not assessment.n_labelled:
        return Section("reliability", (t["no_labels"],))
    drawn, last = assessment.diagrams, assessment.reliability
    figure = plt.figure(figsize=(FIGURE_WIDTH * 0.75, FIGURE_WIDTH * 0.75))
    ax = figure.add_subplot()
    if "after" in drawn:
        calibration.plot_diagram(drawn["after"], ax=ax, label=t["after"])
        before = drawn["before"].corp
        ax.plot(before["probability"], before["frequency"], ":", color=figures.LINE, label=t["before"])
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)  # above the axes: within are curves and bars
    else:
        calibration.plot_diagram(drawn["before"], ax=ax)
    ax.set(xlabel=t["x_confidence"], ylabel=t["y_accuracy"])
    body = [
        (f"{row['bin_lower']:.2f}–{row['bin_upper']:.2f}", f"{int(row['count']):,}", percent(row["mean_confidence"]),
         percent(row["accuracy"]), interval(row, t))
        for _, row in last[last["bin_upper"] > 0.5].iterrows()
    ]  # fmt: skip
    heads = columns((t["confidence"],), (t["rows"], t["m_mean_confidence"], t["accuracy"], t["interval"]))
    alt = t["reliability_alt" if "after" in drawn else "reliability_alt_before"]
    words = {"alt": alt, "caption": t["reliability_caption"]}
    return Section("reliability", _after_note(assessment, t), figure=to_svg(figure), table=Table(heads, body), **words)


def reliability_slices(assessment: Assessment, t: dict[str, str]) -> Section:
    """Small multiples: a reliability diagram for each large kind of text."""
    if not assessment.n_labelled:
        return Section("reliability_slices", (t["no_labels"],))
    column, drawn = assessment.slice_diagrams
    if not drawn:
        return Section("reliability_slices", (t["reliability_slices_none"],))
    named = {slice_label(column, value, t): table for value, table in drawn.items()}
    axes = calibration.plot_diagrams(named, columns=2)
    for ax in axes:
        ax.set_xlabel(ax.get_xlabel() and t["x_confidence"])
        ax.set_ylabel(ax.get_ylabel() and t["y_accuracy"])
    bounds = {name: dict(zip(("value", "ci_low", "ci_high"), table.ece, strict=True)) for name, table in drawn.items()}
    body = [
        (shown_name(slice_value(column, name, t)), f"{table.n:,}", decimal(table.ece[0]),
         interval(pd.Series(bounds[name]), t, decimal))
        for name, table in drawn.items()
    ]  # fmt: skip
    heads = [(shown_name(slice_name(column, t)), "given"), *columns((), (t["rows"], t["m_ece"], t["interval"]))]
    words: dict[str, Any] = {"alt": t["reliability_slices_alt"], "caption": t["reliability_slices_caption"]}
    return Section("reliability_slices", figure=to_svg(axes[0].figure), table=Table(heads, body), **words)


def _after_note(assessment: Assessment, t: dict[str, str]) -> tuple[str, ...]:
    return () if assessment.choice.calibrator is None else (t["after_note"],)


def coverage(assessment: Assessment, t: dict[str, str]) -> Section:
    """Risk–coverage curve, and points of it as a table."""
    if not assessment.n_labelled:
        return Section("coverage", (t["no_labels"],))
    labels = {"xlabel": t["x_coverage"], "ylabel": t["y_risk"]}
    curve = assessment.curve
    figure = draw(calibration.plot_risk_coverage, curve, height=3.2, labels=labels)
    # as many at least: answers of one confidence are kept together
    points = pd.DataFrame([curve[curve["coverage"] >= least].iloc[0] for least in KEPT]).drop_duplicates()
    labelled = assessment.frame[assessment.frame["correct"].notna()]
    body = []
    for _, row in points.iterrows():
        kept = labelled[labelled["confidence"] >= row["threshold"]]
        value, low, high = share(~kept["correct"].to_numpy(bool), pair_groups(kept))
        bounds = between(percent(low), percent(high), t)
        body.append((percent(row["coverage"]), f"{len(kept):,}", percent(value), bounds))
    heads = columns((t["kept_share"],), (t["rows"], t["kept_errors"], t["interval"]))
    words: dict[str, Any] = {"alt": t["coverage_alt"], "caption": t["coverage_caption"]}
    return Section("coverage", figure=figure, table=Table(heads, body), **words)


def slices(assessment: Assessment, t: dict[str, str]) -> Section:
    """Accuracy of every slice, drawn for the worst ones."""
    table = assessment.slices
    if table.empty:
        return Section("slices", (t["slices_none"] if assessment.n_labelled else t["no_labels"],))
    drawn = table.sort_values("accuracy").head(DRAWN_SLICES)
    pairs = zip(drawn["column"], drawn["value"], strict=True)
    drawn = drawn.assign(value=[slice_label(column, value, t) for column, value in pairs])
    overall = metric(assessment.before if assessment.after is None else assessment.after, "accuracy")["value"]
    labels, height = {"xlabel": t["x_accuracy"]}, 0.8 + 0.28 * len(drawn)
    figure = draw(errors.plot_slices, drawn, height=height, labels=labels, overall=overall)
    body = [
        (shown_name(slice_name(row["column"], t)), shown_name(slice_value(row["column"], row["value"], t)),
         f"{row['n']:,}", percent(row["accuracy"]), interval(row, t), _both_labels(row), _gap(row, t))
        for _, row in table.iterrows()
    ]  # fmt: skip
    numbers = tuple(t[key] for key in ("rows", "accuracy", "interval", "by_label", "overconfidence"))
    heads = [(t["slice"], ""), (t["value"], "given"), *columns((), numbers)]
    notes = (t["slices_more"].format(shown=len(drawn), total=len(table)),) if len(table) > len(drawn) else ()
    notes += (t["slices_left_out"],)
    words = {"alt": t["slices_alt"], "caption": t["slices_caption"]}
    return Section("slices", notes + _after_note(assessment, t), figure, table=Table(heads, body), **words)


def _gap(row: pd.Series, t: dict[str, str]) -> str:
    if pd.isna(row["overconfidence"]):
        return "–"
    said = [signed_points(row[f"overconfidence{end}"]) for end in ("", "_low", "_high")]
    return f"{said[0]} ({said[1]} {t['to']} {said[2]})"


def _both_labels(row: pd.Series) -> str:
    """Return how often negative and positive rows are right, side by side; a dash where there are none."""
    both = (row["accuracy_negative"], row["accuracy_positive"])
    return " / ".join("–" if pd.isna(of) else decimal(100 * of, 1) for of in both)


def causes(assessment: Assessment, t: dict[str, str]) -> Section:
    """Slices and pairs of them that were often the worst of a half, or are surely bad."""
    table = assessment.slice_search
    if table.empty:
        return Section("causes", (t["causes_none" if assessment.n_labelled else "no_labels"],))
    chosen = (table["worst_share"] >= OFTEN_WORST) | errors.surely_bad(table)
    if (worst := assessment.worst) is not None and errors.surely_bad(worst):  # first, as the summary counts it
        table = pd.concat([worst.to_frame().T.astype(table.dtypes), table.drop(index=worst.name)])
        chosen = chosen.reindex(table.index)
    shown = table[chosen].head(SHOWN_CAUSES)
    told = errors.told_slice(assessment.slice_search)
    if told is not None and told.name not in shown.index:  # what advice names is shown
        shown = pd.concat([shown, told.to_frame().T.astype(table.dtypes)])
    notes = [t["causes_note"].format(slices=f"{len(table):,}")]
    bad = {"shown": int(errors.surely_bad(shown).sum()), "all": int(errors.surely_bad(table).sum())}
    notes += [t["causes_more"].format(**bad)] if bad["shown"] < bad["all"] else []
    notes += [t["causes_first"]] if worst is not None and errors.surely_bad(worst) else []
    if shown.empty:
        return Section("causes", (t["causes_few"].format(slices=f"{len(table):,}", n=f"{assessment.n_labelled:,}"),))
    body = [
        (conditions_name(row["conditions"], t), f"{row['n']:,}", percent(row["accuracy"]), interval(row, t),
         signed_points(row["difference"]), _both_labels(row), percent(row["worst_share"]),
         decimal(row["p_adjusted"]))
        for _, row in shown.iterrows()
    ]  # fmt: skip
    names = (t["rows"], t["accuracy"], t["interval"], t["c_difference"], t["by_label"], t["c_worst"], t["c_p"])
    return Section("causes", tuple(notes), table=Table([(t["c_slice"], "given"), *columns((), names)], body))


def mistakes(part: Part, t: dict[str, str]) -> Section:
    """The mistakes that the model is surest of."""
    assessment = part.assessment
    if not assessment.n_labelled:
        return Section("mistakes", (t["no_labels"],))
    rows = assessment.mistakes
    if rows.empty:
        return Section("mistakes", (t["mistakes_none"],))
    heads = [(t["document"], "given"), (t["label"], ""), (t["answer"], ""), (t["confidence"], "number")]
    body = [
        [
            figures.drawable(cut(str(row["doc_id"]), 40), keep_letters=True),
            label_name(row["label"], t),
            label_name(row["pred"], t),
            percent(row["confidence"]),
        ]
        for _, row in rows.iterrows()
    ]
    if assessment.has_texts:
        heads.insert(1, (t["text"], "text"))
        for cells, text in zip(body, rows["text"], strict=True):
            cells.insert(1, figures.drawable(cut(part.shown(text), 300), keep_letters=True))
    note = t["mistakes_note" if assessment.has_texts else "mistakes_saved"].format(n=len(rows))
    return Section("mistakes", (note,), table=Table(heads, body))


def special(assessment: Assessment, t: dict[str, str]) -> Section:
    """What neutral and sarcastic texts get."""
    if assessment.groups.empty:
        return Section("special", (t["special_none"],))
    groups = assessment.special | errors.ordinary_groups(assessment.frame)
    names = {name: t.get(f"g_{name}", t.get(name, name)) for name in groups}
    # of a figure there is room for short names alone
    series = {f"{t.get(f'v_{name}', names[name])} (n={len(rows):,})": rows["prob_1"] for name, rows in groups.items()}
    labels = {"xlabel": t["x_prob"], "ylabel": t["y_share"]}
    figure = draw(errors.plot_probabilities, series, height=3.4, labels=labels)
    body = [
        (names[row["group"]], f"{row['n']:,}", decimal(row["mean_prob_1"], 2), percent(row["share_positive"]),
         interval(row, t), percent(row["share_sure"]), percent(row["accuracy"]))
        for _, row in errors.group_table(groups).iterrows()
    ]  # fmt: skip
    notes = () if "phenomenon" in assessment.frame.columns else (t["special_no_sarcasm"],)
    numbers = tuple(t[key] for key in ("rows", "mean_prob", "called_positive", "interval", "sure_share", "accuracy"))
    words = {"alt": t["special_alt"], "caption": t["special_caption"]}
    return Section("special", notes, figure, table=Table(columns((t["group"],), numbers), body), **words)
