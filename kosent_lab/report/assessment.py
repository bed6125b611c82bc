"""One table assessed: everything that a page, a command or a widget says of it, computed once.

Sentences and sections format what stands here and compute nothing. The measures themselves live in
``calibration``, ``errors`` and ``tokenization``.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kosent_lab import calibration, errors, tokenization
from kosent_lab.calibration.calibrator_choice import CalibratorChoice
from kosent_lab.calibration.calibrators import Calibrator
from kosent_lab.calibration.reliability import Diagram
from kosent_lab.calibration.temperature import Temperature
from kosent_lab.core import held_out
from kosent_lab.core.files import frame_sha256
from kosent_lab.core.schema import check_columns, parse_flags, with_correct, with_labels
from kosent_lab.report.by_label import ByLabel, Copies, by_label, count_copies
from kosent_lab.report.words import read_words

MISTAKES, WORD_TEXTS = 20, 2_000
MANY_ROWS = 100_000  # beside which Kiwi, half a gigabyte, is kept out of this process
TARGET_RISK = 0.05
FEWEST_OF_EACH = 20  # right and wrong answers that the change of a log-likelihood needs
RESAMPLES, FEWEST_RESAMPLES = 1_000, 200  # of measures: a page of 50,000 texts is not kept waiting


@dataclasses.dataclass(frozen=True, eq=False)  # frames have no one equality
class Assessment:
    """The tables of one scored table; each is computed when it is first asked for, and once.

    Parameters
    ----------
    scored : DataFrame
        Prediction frame as it was scored, the rows that the calibrator was fitted on left out.
    frame : DataFrame
        The same rows with calibrated probabilities; `scored` itself without a calibrator.
    choice : CalibratorChoice
    sha256 : str
        Of the documents, all of them (`core.frame_sha256`).
    tokenizer, resamples :
        As for `assess`.
    slice_by : tuple of str
        The user's own columns to slice by, before those that are known (`errors.SLICE_COLUMNS`).
    """

    scored: pd.DataFrame
    frame: pd.DataFrame
    choice: CalibratorChoice
    sha256: str = ""
    tokenizer: Any = None
    resamples: int = RESAMPLES
    slice_by: tuple[str, ...] = ()

    @property
    def n_labelled(self) -> int:
        """Number of rows with a label."""
        return int(self.frame["label"].notna().sum())

    @functools.cached_property
    def copies(self) -> Copies:
        """`by_label.count_copies` of the labelled texts that are not blank; of saved answers none are known."""
        return count_copies(self.frame[self.frame["label"].notna() & ~self.is_blank]) if self.has_texts else Copies()

    @functools.cached_property
    def by_label(self) -> dict[str, ByLabel]:
        """`by_label.by_label` by ``before`` and ``after``, which are one without a calibrator."""
        before = by_label(self.scored)
        return {"before": before, "after": before if self.choice.calibrator is None else by_label(self.frame)}

    @property
    def has_texts(self) -> bool:
        """Whether there are texts: saved answers have none."""
        return "text" in self.frame.columns

    @functools.cached_property
    def before(self) -> pd.DataFrame:
        """`calibration.metrics_table` of the probabilities as scored."""
        return calibration.metrics_table(self.scored, resamples=self.resamples)

    @functools.cached_property
    def after(self) -> pd.DataFrame | None:
        """The same of the calibrated ones; None without a calibrator."""
        if self.choice.calibrator is None:
            return None
        return calibration.metrics_table(self.frame, resamples=self.resamples)

    @functools.cached_property
    def unleaked(self) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """Both on rows whose text does not stand in the training files; None where that is unknown."""
        if "leaked" not in self.scored.columns:
            return None
        return self._measure_without(parse_flags(self.scored["leaked"]))

    def _measure_without(self, rows: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """Measure the labelled rows without some, before and after; None where none is to be left out, or all."""
        out, label = rows.to_numpy(), self.scored["label"].to_numpy()
        if pd.isna(label[out]).all() or pd.isna(label[~out]).all():
            return None
        frames = [self.scored] if self.choice.calibrator is None else [self.scored, self.frame]
        tables = [calibration.metrics_table(frame[~out], resamples=self.resamples) for frame in frames]
        return tables[0], tables[-1]

    @functools.cached_property
    def overconfidence(self) -> tuple[float, float, float]:
        """`calibration.overconfidence`, as scored."""
        return calibration.overconfidence(self.scored)

    @property
    def n_wrong(self) -> int:
        """How many labelled rows are answered wrongly as scored."""
        return self.n_labelled - int(self.scored["correct"].sum())

    @functools.cached_property
    def nll_change(self) -> tuple[float, float, float]:
        """What calibration adds to the negative log-likelihood a text, nats, with the 95 % interval: this decides.

        None are given where few answers are wrong, or right: a calibrator costs the many a little each and gives the
        few much, so that rows which lack some of the few look surely harmed (with 3 wrong of 30 in a fifth of draws).
        """
        table = calibration.compare(self.scored, self.frame, of=["positive"], only=["nll"], resamples=self.resamples)
        value, low, high = table.set_index("metric").loc["nll", ["difference", "ci_low", "ci_high"]]
        known = min(self.n_wrong, self.n_labelled - self.n_wrong) >= FEWEST_OF_EACH
        return (value, low, high) if known else (value, np.nan, np.nan)

    @property
    def calibration_harms(self) -> bool:
        """Whether the calibrator surely makes the probabilities of these rows worse."""
        return self.after is not None and self.nll_change[1] > 0

    @functools.cached_property
    def sarcasm_is_worse(self) -> bool:
        """Whether sarcasm, with a cue or without one, is surely read worse than other texts of the same label."""
        if "phenomenon" not in self.frame.columns:
            return False
        return errors.read_worse(self.frame, self.frame["phenomenon"].isin(["sarcasm_cue", "sarcasm_no_cue"]))

    @functools.cached_property
    def reliability(self) -> pd.DataFrame:
        """`calibration.reliability_table` of the calibrated confidences, with Wilson's intervals: bins may be tiny."""
        return calibration.reliability_table(self.frame, resamples=0)

    @functools.cached_property
    def diagrams(self) -> dict[str, Diagram]:
        """`calibration.reliability_diagram` by ``before`` and, with a calibrator, ``after``."""
        frames = {"before": self.scored} | ({} if self.choice.calibrator is None else {"after": self.frame})
        return {name: calibration.reliability_diagram(one, resamples=self.resamples) for name, one in frames.items()}

    @functools.cached_property
    def slice_diagrams(self) -> tuple[str, dict[str, Diagram]]:
        """The first column of slices that has two large enough, and a diagram of each; empty where none has."""
        frame = errors.add_slices(self.frame)
        for column in (*self.slice_by, *errors.SLICE_COLUMNS):
            if column not in errors.LABEL_COLUMNS and errors.can_slice(frame, column):
                found = calibration.reliability_diagrams(frame, by=column, resamples=self.resamples)
                if len(found) >= 2:
                    return column, found
        return "", {}

    @functools.cached_property
    def curve(self) -> pd.DataFrame:
        """`calibration.risk_coverage` of the calibrated confidences."""
        return calibration.risk_coverage(self.frame)

    @functools.cached_property
    def threshold(self) -> pd.Series | calibration.UnreachableRiskError:
        """The threshold that promises at most `TARGET_RISK`, chosen on a half without test rows and measured on the
        other; or why none.
        """
        try:
            return calibration.held_out_threshold(self.frame, max_risk=TARGET_RISK)
        except calibration.UnreachableRiskError as error:
            return error

    @functools.cached_property
    def only_test(self) -> bool:
        """Whether all labelled rows are test rows, on which nothing may be chosen."""
        labelled = self.frame[self.frame["correct"].notna()]
        return bool(len(labelled)) and bool(held_out.held_out_rows(labelled).all())

    @functools.cached_property
    def slices(self) -> pd.DataFrame:
        """`errors.slice_table`."""
        return errors.slice_table(errors.add_slices(self.frame), columns=(*self.slice_by, *errors.SLICE_COLUMNS))

    @functools.cached_property
    def slice_search(self) -> pd.DataFrame:
        """`errors.find_slices`, by particles too where all texts were read: which is the worst of a random half."""
        held = self.held_particles
        columns = dict.fromkeys((*self.slice_by, *errors.SEARCHED, *held))
        return errors.find_slices(errors.add_slices(self.frame).assign(**held), columns=[*columns])

    @property
    def worst(self) -> pd.Series | None:
        """`errors.worst_slice`."""
        return errors.worst_slice(self.slice_search)

    @functools.cached_property
    def mistakes(self) -> pd.DataFrame:
        """`errors.confident_mistakes`."""
        return errors.confident_mistakes(self.frame, count=MISTAKES, once=True)

    @functools.cached_property
    def special(self) -> dict[str, pd.DataFrame]:
        """`errors.special_groups`: the rows of each."""
        return errors.special_groups(self.frame)

    @functools.cached_property
    def groups(self) -> pd.DataFrame:
        """`errors.group_table` of the special groups."""
        return errors.group_table(self.special)

    @functools.cached_property
    def words(self) -> pd.DataFrame:
        """`words.read_words` of the first texts; no rows without texts or a tokenizer."""
        if self.tokenizer is None or not self.has_texts:
            return pd.DataFrame({"n_pieces": pd.Series(dtype="int64")})
        return read_words(self.frame.head(WORD_TEXTS), self.tokenizer, apart=len(self.frame) > MANY_ROWS)

    @functools.cached_property
    def particles(self) -> pd.DataFrame | None:
        """`tokenization.particle_table` of them; None where Kiwi is not there, no rows where no particle is."""
        if "boundary_kept" not in self.words.columns:
            return None
        return tokenization.particle_table(self.words, self.frame)

    @property
    def held_particles(self) -> dict[str, np.ndarray]:
        """`tokenization.holds_particles` of the rows; none without Kiwi, or with more texts than are read."""
        if "boundary_kept" not in self.words.columns or len(self.frame) > WORD_TEXTS:
            return {}
        return tokenization.holds_particles(self.words, self.frame)

    @functools.cached_property
    def is_blank(self) -> pd.Series:
        """Which rows' text is missing or only white space; of saved answers none is known to be."""
        if not self.has_texts:
            return pd.Series(False, index=self.frame.index)
        return self.frame["text"].astype("str").fillna("").str.strip().eq("")

    @functools.cached_property
    def filled(self) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """Both of rows that have a text; None where all labelled rows have one, or none has."""
        return self._measure_without(self.is_blank)


def assess(
    frame: pd.DataFrame,
    calibrator: CalibratorChoice | Calibrator | Temperature | None = None,
    *,
    tokenizer: Any = None,
    sha256: str | None = None,
    resamples: int | None = None,
    slice_by: Sequence[str] = (),
) -> Assessment:
    """Assess a scored table.

    Parameters
    ----------
    frame : DataFrame
        Prediction frame with the probabilities as they were scored.
    calibrator : CalibratorChoice, Calibrator or Temperature, optional
        Applied once, here.
    tokenizer : tokenizer, optional
        Of the model, to say how words are cut.
    sha256 : str, optional
        Of the documents, where it is known (saved answers); else it is computed.
    resamples : int
        Of the bootstrap; 0 for none, fewer of many rows by default.
    slice_by : sequence of str
        Columns of `frame` to slice by, beside those that are known; numbers and dates `errors.in_bands`.

    Returns
    -------
    Assessment

    Raises
    ------
    DataError
        When `frame` lacks one of `slice_by`.
    """
    check_columns(frame, slice_by := [slice_by] if isinstance(slice_by, str) else slice_by, what="slicing")
    frame = with_correct(with_labels(frame))
    source = getattr(calibrator, "fitted_on", "")
    choice = calibrator if isinstance(calibrator, CalibratorChoice) else CalibratorChoice(calibrator, source)
    sha256 = (frame_sha256(frame) if "text" in frame.columns else "") if sha256 is None else sha256
    fewer = max(FEWEST_RESAMPLES, 5_000 * RESAMPLES // max(1, len(frame)))
    draws = min(RESAMPLES, fewer) if resamples is None else resamples
    own = [name for name in dict.fromkeys(slice_by) if name not in errors.SLICE_COLUMNS]
    frame = frame.assign(**{name: errors.in_bands(frame[name]) for name in own})
    rows = frame if not choice.used else frame.iloc[[i for i in range(len(frame)) if i not in choice.used]]
    calibrated = rows if choice.calibrator is None else choice.calibrator.apply(rows)
    return Assessment(rows, calibrated, choice, sha256, tokenizer, draws, tuple(own))
