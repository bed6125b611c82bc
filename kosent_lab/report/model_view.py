"""What is asked of the model itself for the page: suites of behaviour, words of its mistakes, a three-way reading.

What follows from its answers to the table alone is computed in ``assessment``; both are formatted elsewhere.
"""

from __future__ import annotations

import dataclasses
import functools
import logging

import numpy as np
import pandas as pd

from kosent_lab import behaviour
from kosent_lab.behaviour import suite_scores
from kosent_lab.behaviour.suites import BehaviourTest
from kosent_lab.core.exceptions import KosentError
from kosent_lab.models.classifier import Classifier, load_classifier
from kosent_lab.models.lean import LeanElectra
from kosent_lab.models.three_way import read_three_way
from kosent_lab.scoring.predict import classifier_function, predict_frame

logger = logging.getLogger(__name__)
CASES = 20  # of a test: the model waits for two seconds, not for ten
EXPLAINED = 10  # mistakes
READ = 2_000  # texts that are read three ways


@dataclasses.dataclass(frozen=True)
class ModelView:
    """A loaded model and what is asked of it; each once, whatever the number of tables."""

    classifier: Classifier

    @functools.cached_property
    def _tests(self) -> list[BehaviourTest]:
        return [test for path in behaviour.suite_files() for test in behaviour.read_suite(path)]

    @functools.cached_property
    def cases(self) -> tuple[pd.DataFrame, str]:
        """`behaviour.score_cases` of the suites at hand, and why some tests were left out."""
        try:
            tests, missing = suite_scores.without_reader(self._tests)
            cases = behaviour.make_cases(tests, most=CASES)
        except KosentError as error:  # an installation without a clone's data
            return pd.DataFrame(), str(error)
        return behaviour.score_cases(cases, classifier_function(self.classifier)), missing

    def test_names(self, *, korean: bool) -> dict[tuple[str, str], str]:
        """What tests are called, by capability and test: in English by what they say."""
        return {
            (test.capability, test.name): (korean and test.korean) or test.says or f"{test.capability}: {test.name}"
            for test in self._tests
        }

    @functools.cached_property
    def exact(self) -> Classifier:
        """The same weights in fp32, whose gradients are good."""
        if self.classifier.precision == "fp32":
            return self.classifier
        device, positive = str(self.classifier.device), self.classifier.label_columns[1]
        return load_classifier(self.classifier.folder, precision="fp32", device=device, positive_label=positive)

    @property
    def has_gradients(self) -> bool:
        """Whether words are explained by gradients."""
        return isinstance(self.exact.forward, LeanElectra)

    def explain(self, texts: pd.Series) -> list[tuple[list[str], np.ndarray]]:
        """Return the words of each text and what each adds to the log-odds of positive.

        By integrated gradients where the model has them, else by leaving words out one at a time.
        """
        if not self.has_gradients:
            return self.leave_out(texts)
        return behaviour.explain_words(["" if pd.isna(text) else str(text) for text in texts], self.exact)

    def leave_out(self, texts: pd.Series) -> list[tuple[list[str], np.ndarray]]:
        """Return the words of each text and what the log-odds of positive lose without each."""
        written = [" ".join(("" if pd.isna(text) else str(text)).split()) for text in texts]
        values = behaviour.leave_one_out(written, classifier_function(self.exact))
        return [(text.split(), value) for text, value in zip(written, values, strict=True)]

    def read_three_ways(self, frame: pd.DataFrame) -> pd.Series | None:
        """Return the class of the first texts of a table, in their order; None where the model has no head for that."""
        try:
            reader = read_three_way(self.classifier)
        except KosentError:
            return None
        return predict_frame(frame[["text"]].head(READ), reader)["pred"].reset_index(drop=True)
