"""The sections on the texts themselves, how words and particles are cut, and the cards of data and model."""

from __future__ import annotations

from collections.abc import Mapping

from kosent_lab import figures, tokenization
from kosent_lab.core.printable import cut
from kosent_lab.corpora.personal import KINDS
from kosent_lab.report.assessment import WORD_TEXTS, Assessment
from kosent_lab.report.layout import Section, Table, columns, interval
from kosent_lab.report.named import shown_name
from kosent_lab.report.parts import Part
from kosent_lab.report.words import ill_formed, most_cut, without_hidden
from kosent_lab.report.written import between, decimal, percent


def words(part: Part, t: dict[str, str]) -> Section:
    """How words are cut."""
    assessment = part.assessment
    table = assessment.words
    if table.empty:
        return Section("words", (t[_why_no_words(assessment)],))
    pieces = int(table["n_pieces"].sum())
    note = t["words_note"].format(
        n=f"{min(len(assessment.frame), WORD_TEXTS):,}",
        eojeol=f"{len(table):,}",
        fertility=decimal(table["n_pieces"].mean(), 2),
        whole=percent((table["n_pieces"] == 1).mean()),
        unknown=percent(table["n_unknown"].sum() / max(1, pieces)),
    )
    shown = without_hidden(table, assessment.frame["text"].head(WORD_TEXTS)) if part.masked else table
    body = [
        (figures.drawable(cut(row["eojeol"], 40), keep_letters=True),
         figures.drawable(cut(row["pieces"], 80), keep_letters=True), str(row["n_pieces"]), str(row["size"]))
        for _, row in most_cut(shown).iterrows()
    ]  # fmt: skip
    if not body:
        return Section("words", (note, t["words_once"]))
    heads = columns((t["word"], t["cut"]), (t["pieces"], t["count"]))
    return Section("words", (note, t["words_table"]), table=Table(heads, body))


def _why_no_words(assessment: Assessment) -> str:
    """Return the key of the sentence that says why no word is cut."""
    if not assessment.has_texts:
        return "words_saved"
    return "words_unknown" if assessment.tokenizer is None else "words_none"


def josa(assessment: Assessment, t: dict[str, str]) -> Section:
    """Which particles the cutting keeps apart, and how well the texts that hold them are read."""
    if not assessment.has_texts or assessment.tokenizer is None:
        return Section("josa", (t[_why_no_words(assessment)],))
    table = assessment.particles
    if table is None:
        return Section("josa", (t["josa_none" if assessment.words.empty else "josa_no_reader"],))
    if table.empty:
        return Section("josa", (t["josa_none"],))
    kept = tokenization.measure_pieces(assessment.words).set_index("metric").loc["boundary_kept"]
    ill = ill_formed(assessment.words)
    notes = (
        t["josa_note"].format(
            n=f"{int(kept['n']):,}", kept=percent(kept["value"]), interval=interval(kept, t)
        ),
        *([t["josa_ill"].format(n=f"{len(ill):,}", texts=f"{ill['doc_id'].nunique():,}")] if len(ill) else []),
        t["josa_table"],
    )  # fmt: skip
    numbers = (t["count"], t["josa_kept"], t["interval"])
    body = [(row["josa"], f"{row['n']:,}", percent(row["kept"]), interval(row, t)) for _, row in table.iterrows()]
    if table["accuracy"].notna().any():
        numbers += (t["josa_texts"], t["accuracy"], t["interval"])
        body = [
            (*cells, f"{row['n_texts']:,}", percent(row["accuracy"]),
             between(percent(row["accuracy_ci_low"]), percent(row["accuracy_ci_high"]), t))
            for cells, (_, row) in zip(body, table.iterrows(), strict=True)
        ]  # fmt: skip
    return Section("josa", notes, table=Table(columns((t["josa_form"],), numbers), body))


def cards(part: Part, t: dict[str, str]) -> Section:
    """Cards of data and model."""
    assessment, model = part.assessment, part.model
    neutral = len(assessment.special.get("neutral", ()))
    rows = t["c_rows"].format(
        n=f"{len(assessment.frame):,}", labelled=f"{assessment.n_labelled:,}", neutral=f"{neutral:,}",
        unlabelled=f"{len(assessment.frame) - assessment.n_labelled - neutral:,}",
    )  # fmt: skip
    lines = [rows]
    if assessment.choice.used:
        lines.append(t["c_used"].format(n=f"{len(assessment.choice.used):,}"))
    if assessment.sha256:
        lines.append(t["c_hash_masked" if part.masked else "c_hash"].format(hash=assessment.sha256))
    if assessment.has_texts:
        lines.append(t["c_personal"].format(found=found_kinds(part.personal, t) or t["c_personal_none"]))
    if part.licence:
        lines.append(t["c_licence"].format(licence=part.licence))
    in_korean = t["language_name"] == "한국어" and part.cautions_ko
    lines += [t["c_caution"].format(caution=caution) for caution in (part.cautions_ko if in_korean else part.cautions)]
    about = [shown_name(model.model_id)]
    if model.parameters:
        about.append(t["c_parameters"].format(parameters=f"{model.parameters:,}"))
    if model.precision:
        about.append(t["c_precision"].format(precision=model.precision, device=model.device))
    body = [(t["data_card"], "\n".join(lines)), (t["model_card"], ", ".join(about))]
    return Section("cards", table=Table([("", "name"), ("", "text lines")], body))


def personal_data(held: Mapping[str, int], masked: bool, t: dict[str, str]) -> list[str]:
    """Warn of what names persons on the page and in the predictions, by kind and number; nothing where nothing does."""
    found = found_kinds(held, t)
    return [t["a_masked" if masked else "a_personal"].format(found=found)] if found else []


def found_kinds(held: Mapping[str, int], t: dict[str, str]) -> str:
    """Return the kinds of personal data that a table holds, each with its number."""
    counts = ((t[f"p_{kind}"], f"{held[kind]:,}") for kind in KINDS if held.get(kind))
    return ", ".join(t["p_count"].format(kind=kind, n=n) for kind, n in counts)
