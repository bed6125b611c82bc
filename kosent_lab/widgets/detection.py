"""One sentence under replaced-token detection: masked, filled by the generator, judged by the discriminator.

The widget is `explore_detection`; what it shows are the tables of ``scoring.replaced`` and a figure.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from tokenizers import Tokenizer

from kosent_lab import figures, scoring
from kosent_lab.figures.theme import to_png
from kosent_lab.models.pairs import ElectraPair
from kosent_lab.scoring import replaced
from kosent_lab.widgets.controls import TYPING, Later, as_html, fit, new_figure, open_ipywidgets

SHOWN = 60  # characters that fit the figure
SIZE = (10.5, 2.6)  # inches


def judge_sentence(
    pair: ElectraPair, tokenizer: Tokenizer, sentence: str, *, mask_share: float = 0.15, seed: int = 0
) -> tuple[pd.DataFrame, str]:
    """Cut a sentence to what fits, corrupt and judge it.

    Parameters
    ----------
    pair, tokenizer, mask_share, seed :
        As for `replaced.replace_pieces`.
    sentence : str

    Returns
    -------
    DataFrame
        From `replaced.replace_pieces`; no rows where nothing was typed.
    str
        What happened, in a line.
    """
    shown, note = fit(sentence, SHOWN)
    table = replaced.replace_pieces(pair, tokenizer, [shown], mask_share=mask_share, seed=seed)
    if table.empty:
        return table, "Type a sentence."
    changed = table[table["replaced"]]
    parts = [f"{int(table['masked'].sum())} of {len(table)} pieces masked"]
    if len(changed):
        parts.append("replaced: " + ", ".join(f"{row.piece} by {row.shown}" for row in changed.itertuples()))
    elif table["masked"].any():
        parts.append("the generator wrote what was there")
    most = table.loc[table["score"].idxmax()]
    parts.append(f"most suspected: {most['shown']} ({most['score']:.2f})")
    return table, note + "; ".join(parts) + "."


def explore_detection(sentence: str, pair: ElectraPair, tokenizer: Tokenizer) -> Any:
    """Show a field to type into, the share to mask and a button to draw again over `scoring.plot_judged_pieces`.

    Parameters
    ----------
    sentence : str
        To begin with.
    pair, tokenizer :
        From `pairs.load_pair` and its folder.

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
    share = ipywidgets.FloatSlider(value=0.15, min=0.0, max=0.6, step=0.05, description="masked")
    again = ipywidgets.Button(description="draw again")
    line, image = ipywidgets.HTML(), ipywidgets.Image(format="png")
    for part, role in ((field, "typed"), (line, "judgement"), (image, "judged")):
        part.add_class(f"kosent-{role}")
    draws = {"seed": 0}

    def update() -> None:
        table, said = judge_sentence(pair, tokenizer, field.value, mask_share=share.value, seed=draws["seed"])
        line.value = as_html(said)
        if table.empty:
            image.value = b""
            return
        with figures.style():
            image.value = to_png(draw_judged(table, figure=figure))

    def draw_again(_button: Any) -> None:
        draws["seed"] += 1
        update()

    field.observe(Later(update, seconds=TYPING), "value")
    share.observe(Later(update, seconds=TYPING), "value")
    again.on_click(draw_again)
    update()
    return ipywidgets.VBox([field, ipywidgets.HBox([share, again]), line, image])


def draw_judged(table: pd.DataFrame, *, figure: Figure | None = None) -> Figure:
    """Draw `scoring.plot_judged_pieces` into a figure of its own."""
    figure = figure or new_figure(SIZE)
    figure.clear()
    scoring.plot_judged_pieces(table, ax=figure.subplots())
    return figure
