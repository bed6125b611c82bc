"""Mistakes one at a time: filtered, sorted, explained, edited and tagged.

The widget is `explore_errors`; what it shows are plain functions here, and tables of the wings above.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab import behaviour, errors
from kosent_lab.calibration.outcomes import margin, sigmoid
from kosent_lab.core.exceptions import DataError, KosentError
from kosent_lab.core.hangul import clean_text
from kosent_lab.core.places import DATA_FOLDER, local
from kosent_lab.core.printable import cut, printable
from kosent_lab.core.schema import check_columns
from kosent_lab.errors.tags import add_tag, latest_tags, read_tags
from kosent_lab.korean.readings import read_cached
from kosent_lab.models.classifier import Classifier
from kosent_lab.report.model_view import ModelView
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.tokenization.boundaries import eojeol_frame
from kosent_lab.widgets.controls import Later, as_html, open_ipywidgets
from kosent_lab.widgets.threshold import choose_slice, slice_names

ORDERS = {"surest first": False, "least sure first": True}
LISTED = 200  # rows on a page of the list
SHOWN = 500  # rows and edits that are kept, so that going back costs nothing
COMPARED = 20_000  # rightly read texts among which the nearest is looked for
_SIGN = {0: "negative", 1: "positive"}


def list_rows(
    frame: pd.DataFrame,
    *,
    name: str = "all rows",
    only_mistakes: bool = True,
    order: str = "surest first",
    page: int = 1,
) -> tuple[list[tuple[str, Any]], int]:
    """Return the rows of a slice as lines of a list, `LISTED` a page.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame with ``text`` and an index without twins.
    name : str
        One of `threshold.slice_names`.
    only_mistakes : bool
    order : str
        One of `ORDERS`.
    page : int
        From 1.

    Returns
    -------
    list of (str, label of the index)
        ``0.98 negative → positive  text``, cut.
    int
        How many rows there are on all pages.
    """
    rows = choose_slice(frame, name)
    if only_mistakes:
        rows = rows[rows["correct"].eq(False).fillna(False).to_numpy(dtype=bool)]
    confidence = rows["confidence"].to_numpy(dtype="float64")
    places = np.argsort(confidence if ORDERS[order] else -confidence, kind="stable")[
        LISTED * (page - 1) : LISTED * page
    ]
    return [(_line(row), row.name) for _, row in rows.iloc[places].iterrows()], len(rows)


def _line(row: pd.Series) -> str:
    label = "–" if pd.isna(row["label"]) else _SIGN[int(row["label"])]
    return f"{row['confidence']:.2f} {label} → {_SIGN[int(row['pred'])]}  {printable(cut(_text(row), 60))}"


def _text(row: pd.Series) -> str:
    return "" if pd.isna(row["text"]) else str(row["text"])


class Nearest:
    """Finds the rightly read text that is most like another one, by TF-IDF of its letters."""

    def __init__(self, texts: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        known = [text for text in dict.fromkeys(texts) if text.strip()]
        self.texts = known[:COMPARED]
        self.among = "" if len(known) <= COMPARED else f" (of the first {COMPARED:,})"
        self.letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), dtype=np.float32)
        self.vectors = self.letters.fit_transform(self.texts) if self.texts else None

    def __call__(self, text: str) -> str:
        """Return the nearest text; empty where there is none."""
        if self.vectors is None:
            return ""
        likeness = (self.vectors @ self.letters.transform([text]).T).toarray()[:, 0]
        likeness[[other == text for other in self.texts]] = 0  # not itself
        return self.texts[int(likeness.argmax())] if likeness.max() > 0 else ""


def explain_text(text: str, view: ModelView, *, before: float | None = None) -> str:
    """Return a text's answer and what each word adds to it, as HTML; whatever is typed.

    Parameters
    ----------
    text : str
    view : ModelView
    before : float, optional
        The probability before it was edited, told beside the new one.
    """
    text = clean_text(text)
    prob_1 = float(predict_frame(pd.DataFrame({"text": [text]}), view.classifier)["prob_1"].iloc[0])
    said = f"{_SIGN[int(prob_1 > 0.5)]}, probability of positive {prob_1:.3f}"
    if before is not None and abs(prob_1 - before) >= 0.0005:
        said += f", before the edit {before:.3f} ({prob_1 - before:+.3f})".replace("-", "−")
    words, values = view.explain(pd.Series([text]))[0]
    return f"{as_html(said)}<br>{behaviour.coloured_words(words, values)}"


def describe_row(row: pd.Series, view: ModelView, nearest: Nearest) -> str:
    """Return what is known of a row beside its words (`explain_text`), as HTML: morphemes, pieces, the nearest text."""
    text, parts = clean_text(_text(row)), []
    try:
        read = read_cached([0], [text])
        tags = [f"{word['eojeol']} [{'+'.join(word['morpheme_tags'])}]" for word in read.to_dict("records")]
        parts.append(f"<b>morphemes</b> {_shown(' '.join(tags))}")
    except KosentError as error:  # Kiwi is missing: the rest stands
        parts.append(as_html(str(error)))
    pieces = eojeol_frame([0], [text], view.classifier.backend)["pieces"]
    parts.append(f"<b>pieces</b> {_shown(' '.join(pieces))}")
    parts.append(f"<b>nearest text that is read rightly{nearest.among}</b> {_shown(nearest(text)) or '–'}")
    return "<br>".join(parts)


def _shown(text: str) -> str:
    return escape(printable(text), quote=False)


def explore_errors(frame: pd.DataFrame, classifier: Classifier, *, tags: str | Path = "tags.csv") -> Any:
    """Show mistakes to filter, sort, read, edit and tag.

    Parameters
    ----------
    frame : DataFrame
        A prediction frame with its texts; `errors.add_slices` adds slices to filter by.
    classifier : Classifier
        The one that scored it.
    tags : str or Path
        A CSV file that takes the tags: corpus, id, cause, note, time; other notebooks may write into it too, and
        ``kosent-lab report --tags`` counts them.

    Returns
    -------
    ipywidgets.VBox, or None where ipywidgets is missing (a warning says how to get it).

    Raises
    ------
    DataError
        When the frame has no texts or no predictions.
    """
    check_columns(frame, ["doc_id", "text", "label", "pred", "confidence", "correct"], what="exploring errors")
    if not frame["pred"].isin([0, 1]).all():
        raise DataError(f"exploring errors needs answers of two polarities; got {sorted(map(str, set(frame['pred'])))}")
    ipywidgets = open_ipywidgets()
    if ipywidgets is None:
        return None
    frame = frame.reset_index(drop=True)
    view, path = ModelView(classifier), local(tags)
    right = [clean_text(_text(row)) for _, row in frame[frame["correct"].eq(True).fillna(False)].iterrows()]
    nearest = functools.cache(lambda: Nearest(right))
    described = functools.lru_cache(SHOWN)(lambda number: describe_row(frame.loc[number], view, nearest()))
    explained = functools.lru_cache(SHOWN)(lambda text, before: explain_text(text, view, before=before))
    causes = list(errors.read_taxonomy(DATA_FOLDER / "studies" / "error-taxonomy.toml"))
    wide = ipywidgets.Layout(width="98%")
    names = ipywidgets.Dropdown(options=slice_names(frame), description="slice")
    mistakes = ipywidgets.Checkbox(value=True, description="mistakes alone", indent=False)
    order = ipywidgets.Dropdown(options=list(ORDERS), description="order")
    page = ipywidgets.BoundedIntText(value=1, min=1, max=1, description="page", layout=ipywidgets.Layout(width="10rem"))
    rows = ipywidgets.Select(options=[], rows=8, layout=wide)
    about, field, answer = ipywidgets.HTML(), ipywidgets.Text(description="edit", layout=wide), ipywidgets.HTML()
    cause = ipywidgets.Dropdown(options=causes, description="cause")
    note, tag = ipywidgets.Text(description="note"), ipywidgets.Button(description="tag")
    said = ipywidgets.HTML()
    roles = {"slice": names, "mistakes": mistakes, "order": order, "page": page, "rows": rows, "about": about}
    roles |= {"typed": field}
    roles |= {"answer": answer, "cause": cause, "note": note, "tag": tag, "said": said}
    for role, part in roles.items():
        part.add_class(f"kosent-errors-{role}")

    def choose(_change: Any = None) -> None:
        page.value = 1
        fill()

    def fill(_change: Any = None) -> None:
        chosen = {"name": names.value, "only_mistakes": mistakes.value, "order": order.value}
        found, total = list_rows(frame, **chosen, page=page.value)
        page.max = max(1, -(-total // LISTED))
        rows.options = found
        first = LISTED * (page.value - 1)
        counted = f"{first + 1:,} to {first + len(found):,} of {total:,} rows"
        said.value = as_html(counted if found else "no row fits: choose another slice")
        if found:
            rows.value = found[0][1]
        else:
            seen.clear()
            about.value = answer.value = field.value = ""

    seen: list[int] = []  # the row that is shown: it does not come anew and take what was typed since

    def show() -> None:
        if rows.value is not None and seen != [rows.value]:
            seen[:] = [rows.value]
            about.value = described(rows.value)
            field.value = " ".join(_text(frame.loc[rows.value]).split())
            edit()

    def edit() -> None:
        if not field.value.strip():
            answer.value = "Type a text."
            return
        own = rows.value is not None and {"logit_0", "logit_1"} <= set(frame.columns)
        before = float(sigmoid(margin(frame.loc[[rows.value]]))[0]) if own else None  # as scored, as the new one is
        answer.value = explained(field.value, before)

    def tagged(_button: Any) -> None:
        if rows.value is None:
            said.value = "Choose a row first."
            return
        try:
            row = frame.loc[rows.value]
            corpus = str(row["corpus"]) if "corpus" in frame.columns else ""
            add_tag(path, str(row["doc_id"]), cause.value, note=note.value, corpus=corpus)
        except (KosentError, OSError) as error:
            said.value = as_html(str(error))
            return
        counts = latest_tags(read_tags(path))["cause"].value_counts()
        of_causes = ", ".join(f"{name} {n}" for name, n in counts.items())
        said.value = as_html(f"{counts.sum()} tags in {path.name}; {of_causes}")

    for part in (names, mistakes, order):
        part.observe(choose, "value")
    page.observe(fill, "value")
    rows.observe(Later(show), "value")  # the list stands before its first row is read
    field.observe(Later(edit, seconds=0.15), "value")
    tag.on_click(tagged)
    fill()
    controls = ipywidgets.HBox([names, mistakes, order, page])
    return ipywidgets.VBox([controls, rows, about, field, answer, ipywidgets.HBox([cause, note, tag]), said])
