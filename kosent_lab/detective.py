"""One sentence under replaced-token detection: masked, filled by the generator, judged by the discriminator.

The widget is `explore_detection`; what it shows are the tables of ``detection`` and a figure.
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from tokenizers import Tokenizer

from kosent_lab import detection, piece_plots, plots
from kosent_lab.controls import open_ipywidgets, to_png
from kosent_lab.hangul import clean_text
from kosent_lab.morphology import read_eojeol
from kosent_lab.pairs import ElectraPair
from kosent_lab.perturbation import perturb
from kosent_lab.schema import DataError

SHOWN = 60  # characters that fit the figure
SIZE = (10.5, 2.6)  # inches


def judge_sentence(
    pair: ElectraPair, tokenizer: Tokenizer, sentence: str, *, mask_share: float = 0.15, seed: int = 0
) -> tuple[pd.DataFrame, str]:
    """Cut a sentence to what fits, corrupt and judge it.

    Parameters
    ----------
    pair, tokenizer, mask_share, seed :
        As for `detection.replace_pieces`.
    sentence : str

    Returns
    -------
    DataFrame
        From `detection.replace_pieces`; no rows where nothing was typed.
    str
        What happened, in a line.
    """
    whole = " ".join(clean_text(sentence).split())
    shown = whole[:SHOWN].rstrip()
    table = detection.replace_pieces(pair, tokenizer, [shown], mask_share=mask_share, seed=seed)
    if table.empty:
        return table, "Type a sentence."
    note = f"The first {SHOWN} of {len(whole):,} characters are shown. " if shown != whole else ""
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
    """Show a field to type into, the share to mask and a button to draw again over `piece_plots.judged_pieces`.

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
    with plots.style():
        figure = Figure(figsize=SIZE)
    field = ipywidgets.Text(value=sentence, description="sentence", layout=ipywidgets.Layout(width="95%"))
    share = ipywidgets.FloatSlider(value=0.15, min=0.0, max=0.6, step=0.05, description="masked")
    again = ipywidgets.Button(description="draw again")
    line, image = ipywidgets.Label(), ipywidgets.Image(format="png")
    for part, role in ((field, "typed"), (line, "judgement"), (image, "judged")):
        part.add_class(f"kosent-{role}")
    draws = {"seed": 0}

    def update(_change: Any = None) -> None:
        table, line.value = judge_sentence(pair, tokenizer, field.value, mask_share=share.value, seed=draws["seed"])
        if table.empty:
            return
        figure.clear()
        with plots.style():
            piece_plots.judged_pieces(table, ax=figure.subplots())
            image.value = to_png(figure)

    def draw_again(_button: Any) -> None:
        draws["seed"] += 1
        update()

    field.observe(update, "value")
    share.observe(update, "value")
    again.on_click(draw_again)
    update()
    return ipywidgets.VBox([field, ipywidgets.HBox([share, again]), line, image])


def draw_sentence(table: pd.DataFrame, *, figure: Figure | None = None) -> Figure:
    """Draw `piece_plots.judged_pieces` into a figure of its own."""
    figure = figure or plt.figure(figsize=SIZE)
    figure.clear()
    piece_plots.judged_pieces(table, ax=figure.subplots())
    return figure


def suspect_particles(
    pair: ElectraPair, tokenizer: Tokenizer, frame: pd.DataFrame, *, kind: str = "wrong_form", seed: int = 0
) -> pd.DataFrame:
    """Change one particle of each text and see how the discriminator's suspicion of that place changes.

    Parameters
    ----------
    pair, tokenizer :
        As for `detection.replace_pieces`.
    frame : DataFrame
        Columns ``doc_id``, ``text``.
    kind : str
        One of `perturbation.KINDS` that leave something in the place: ``wrong_form`` (을 *eul* after a
        vowel), ``swap``, ``topic_…``.
    seed : int

    Returns
    -------
    DataFrame
        One row per text with such a particle: ``doc_id``, ``josa``, ``before`` and ``after``, the
        highest probability of replaced among the pieces that touch the first character changed, in
        the text as written and as changed; then ``control_before`` and ``control_after``, the same for
        syllables changed elsewhere.

    Raises
    ------
    DataError
        When no text has such a particle.
    """
    texts = frame.set_index("doc_id")["text"]
    changed = perturb(frame, read_eojeol(frame["doc_id"], frame["text"]), kind, seed=seed)
    if changed.empty:
        raise DataError(f"none of the {len(frame)} texts has a particle for {kind!r}")
    written = texts.loc[changed["doc_id"]].tolist()
    result = changed[["doc_id", "josa"]].copy()
    for prefix, column in (("", "changed"), ("control_", "control")):
        places = [_first_difference(one, other) for one, other in zip(written, changed[column], strict=True)]
        for name, some in (("before", written), ("after", changed[column].tolist())):
            table = detection.replace_pieces(pair, tokenizer, some, mask_share=0.0)
            result[prefix + name] = _score_at(table, places)
    return result


def _first_difference(one: str, other: str) -> int:
    same = (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(same, min(len(one), len(other)))


def _score_at(table: pd.DataFrame, places: list[int]) -> np.ndarray:
    """Return for each text the highest score of the pieces that hold the character at its place."""
    place = table["text"].map(pd.Series(places))
    touched = table[(table["start"] <= place) & (place < table["end"])]
    return touched.groupby("text")["score"].max().reindex(range(len(places))).to_numpy()
