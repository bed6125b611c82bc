"""What words add to a model's answers over many texts, how far that can be believed, and how long it takes."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab.behaviour.attribution import attribute, attribute_words, kind_table, sum_to_units
from kosent_lab.behaviour.faithfulness import leave_one_out, measure_faithfulness
from kosent_lab.korean.readings import read_cached
from kosent_lab.models.classifier import Classifier
from kosent_lab.scoring.predict import classifier_function


def study_words(frame: pd.DataFrame, classifier: Classifier, *, seed: int = 0) -> dict[str, Any]:
    """Attribute the answers to texts, sum them by kind of morpheme, and measure faithfulness.

    Parameters
    ----------
    frame : DataFrame
        Column ``text``.
    classifier : Classifier
    seed : int

    Returns
    -------
    dict
        ``n``, ``model_id``, ``seconds`` (of the gradients) and ``texts_per_second``; ``complete`` (share of the texts
        whose pieces sum to the difference within one hundredth), ``steps`` (mean); ``kinds``: `kind_table`;
        ``faithfulness``: `measure_faithfulness` of ``integrated_gradients`` and ``leave_one_out``; ``agreement``: mean
        rank correlation of the two over the texts of three words or more.
    """
    start = time.perf_counter()
    pieces, about = attribute(frame["text"], classifier)
    seconds = time.perf_counter() - start
    words = read_cached(range(len(about)), about["text"])
    units = words.assign(text_index=words["doc_id"])
    values = sum_to_units(pieces, units).groupby(units["text_index"]).agg(np.array)
    texts = about["text"].str.split().str.join(" ")
    kept = [number for number in range(len(texts)) if number in values.index]
    texts, predict = texts.iloc[kept].tolist(), classifier_function(classifier)
    methods = {
        "integrated_gradients": [values[number] for number in kept],
        "leave_one_out": leave_one_out(texts, predict),
    }
    ranks = [
        np.corrcoef(pd.Series(a).rank(), pd.Series(b).rank())[0, 1]
        for a, b in zip(*methods.values(), strict=True)
        if len(a) > 2
    ]
    return {
        "n": len(about),
        "model_id": classifier.model_id,
        "seconds": seconds,
        "texts_per_second": len(about) / seconds,
        "complete": float(about["complete"].mean()),
        "steps": float(about["steps"].mean()),
        "agreement": float(np.nanmean(ranks)) if ranks else float("nan"),
        "kinds": kind_table(attribute_words(pieces, words)).to_dict("records"),
        "faithfulness": measure_faithfulness(texts, methods, predict, seed=seed).to_dict("records"),
    }
