"""One sentence under every tokenizer: eojeol, morphemes and pieces over the same characters, and its variants.

The widget is `explore_tokens`; what it shows are plain tables and a figure. Drawing lives in
``tokenization.plots`` and ``behaviour.plots``, changing particles in ``behaviour.particles``.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from kosent_lab import behaviour, figures, tokenization
from kosent_lab.behaviour.particles import every_change
from kosent_lab.figures.theme import to_png
from kosent_lab.korean.morphology import read_eojeol
from kosent_lab.models.classifier import Classifier
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.tokenization.cutters import Cutter
from kosent_lab.widgets.controls import TYPING, Later, as_html, fit, new_figure, open_ipywidgets

SHOWN = 36  # characters that fit the figure
VARIANTS = 10
SIZE = (10.5, 5.2)  # inches


def layer_table(sentence: str, cutters: Mapping[str, Cutter]) -> pd.DataFrame:
    """Cut a sentence in every way.

    Parameters
    ----------
    sentence : str
    cutters : dict of str to Cutter
        Name to tokenizer.

    Returns
    -------
    DataFrame
        One row per box: ``layer`` (``eojeol``, ``morphemes``, then the names), ``start``, ``end``
        (characters), ``text``, ``kind``: ``josa`` a particle, ``wrong`` one whose form does not fit
        the final sound before it, ``unknown`` an unknown piece, else empty.
    """
    read = read_eojeol(["text"], [sentence])
    rows = [("eojeol", row.start, row.end, row.eojeol, "") for row in read.itertuples()]
    for word in read.to_dict("records"):
        wrong = word["josa_start"] if not pd.isna(word["agrees"]) and not word["agrees"] else None
        for start, end in itertools.pairwise([*word["morpheme_starts"], word["end"]]):
            is_josa = not pd.isna(word["josa_start"]) and word["josa_start"] <= start < word["josa_end"]
            kind = "wrong" if start == wrong else "josa" if is_josa else ""
            if end > start:  # a letter within a syllable has no box of its own
                rows.append(("morphemes", start, end, sentence[start:end], kind))
    for name, cutter in cutters.items():
        for piece in cutter.cut([sentence])[0]:
            if piece.end > piece.start:
                rows.append((name, piece.start, piece.end, piece.shown, "unknown" if piece.unknown else ""))
    return pd.DataFrame(rows, columns=["layer", "start", "end", "text", "kind"])


def variant_table(sentence: str, classifier: Classifier, *, count: int = VARIANTS) -> pd.DataFrame:
    """Score a sentence and what becomes of it when one particle is changed.

    Parameters
    ----------
    sentence : str
    classifier : Classifier
    count : int
        At most so many variants.

    Returns
    -------
    DataFrame
        ``change`` (``as written`` first), ``text``, ``prob_1``; the variants that change it most first.
    """
    read = read_eojeol(["text"], [sentence])
    changes = every_change(sentence, read)
    table = pd.DataFrame([("as written", sentence), *changes], columns=["change", "text"]).drop_duplicates("text")
    scored = predict_frame(table.assign(doc_id=range(len(table))), classifier)
    table = table.assign(prob_1=scored["prob_1"].to_numpy())
    move = (table["prob_1"] - table["prob_1"].iloc[0]).abs().iloc[1:]
    order = move.sort_values(ascending=False, kind="stable").index[:count]
    return table.loc[[table.index[0], *order]].reset_index(drop=True)


def sentence_text(sentence: str, layers: pd.DataFrame, variants: pd.DataFrame) -> str:
    """Say in a line what `draw_tokens` shows: the callback of `explore_tokens`."""
    morphemes = layers[layers["layer"] == "morphemes"]
    josa = morphemes.loc[morphemes["kind"].isin(["josa", "wrong"]), "text"]
    wrong = morphemes.loc[morphemes["kind"] == "wrong", "text"]
    found = f"particles: {', '.join(josa)}" if len(josa) else "no particle of its own"
    parts = [f"prob_1 {variants['prob_1'].iloc[0]:.2f}", found]
    if len(wrong):
        parts.append(f"wrong form after its final sound: {', '.join(wrong)}")
    if len(variants) > 1:
        most = variants.iloc[1]
        parts.append(f"changed most by {most['change']}, to {most['prob_1']:.2f}")
    return "; ".join(parts) + "."


def draw_tokens(layers: pd.DataFrame, variants: pd.DataFrame, *, figure: Figure | None = None) -> Figure:
    """Draw the layers of a sentence over its characters and, below, the probability of each variant.

    Parameters
    ----------
    layers : DataFrame
        From `layer_table`.
    variants : DataFrame
        From `variant_table`.
    figure : Figure, optional
        What it shows is replaced; a fresh one when None.

    Returns
    -------
    Figure
    """
    figure = figure or new_figure(SIZE)
    figure.clear()
    names = list(dict.fromkeys(layers["layer"]))
    top, bottom = figure.subplots(2, 1, height_ratios=[max(len(names), 2), max(len(variants), 2)])
    tokenization.plot_stacked_pieces(layers, ax=top)
    behaviour.plot_variants(variants, ax=bottom)
    bottom.set(xlabel="probability of positive")
    return figure


def explore_tokens(sentence: str, classifier: Classifier, cutters: Mapping[str, Cutter]) -> Any:
    """Show a field to type into over `sentence_text` and `draw_tokens`.

    Parameters
    ----------
    sentence : str
        To begin with.
    classifier : Classifier
    cutters : dict of str to Cutter
        Tokenizers to compare.

    Returns
    -------
    ipywidgets.VBox, or None where ipywidgets is missing (a warning says how to get it).
    """
    ipywidgets = open_ipywidgets()
    if ipywidgets is None:
        return None
    with figures.style():
        figure = Figure(figsize=SIZE)
    field = ipywidgets.Text(value=sentence, description="sentence", layout=ipywidgets.Layout(width="95%"))
    line, image = ipywidgets.HTML(), ipywidgets.Image(format="png")
    for part, role in ((field, "typed"), (line, "reading"), (image, "pieces")):
        part.add_class(f"kosent-{role}")

    def update() -> None:
        shown, note = fit(field.value, SHOWN)
        if not shown:
            line.value, image.value = "Type a sentence.", b""
            return
        layers, variants = layer_table(shown, cutters), variant_table(shown, classifier)
        line.value = as_html(note + sentence_text(shown, layers, variants))
        with figures.style():
            draw_tokens(layers, variants, figure=figure)
            image.value = to_png(figure)

    field.observe(Later(update, seconds=TYPING), "value")
    update()
    return ipywidgets.VBox([field, line, image])
