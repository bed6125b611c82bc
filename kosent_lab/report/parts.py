"""What the page is made of: a table with its assessment, its origin, and how it was scored.

`from_frame` takes a table that is already scored (a notebook's), `from_input` scores what a command names:
in shards that a killed run finds again, and with the predictions written beside the page.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kosent_lab import corpora, scoring
from kosent_lab.calibration.calibrator_choice import CalibratorChoice, choose_calibrator
from kosent_lab.calibration.calibrators import Calibrator
from kosent_lab.calibration.temperature import Temperature, read_calibration
from kosent_lab.core.exceptions import DataError, KosentError
from kosent_lab.core.files import frame_sha256
from kosent_lab.core.places import BUNDLED, BUNDLED_FOLDER
from kosent_lab.core.schema import check_columns
from kosent_lab.corpora import personal, personal_tables
from kosent_lab.corpora.reading import one_column
from kosent_lab.report.assessment import Assessment, assess
from kosent_lab.report.model_view import ModelView
from kosent_lab.scoring.csv_out import write_answers
from kosent_lab.scoring.shards import remove_shards
from kosent_lab.tokenization.tokenizers import load_cutter

if TYPE_CHECKING:
    from kosent_lab.models.classifier import Classifier

logger = logging.getLogger(__name__)
SAVED = "saved:"  # before the name of a table of data/scored
_LONGEST_NAME = 180  # bytes: 255 are the limit, and temporary names are made of this one


@dataclasses.dataclass(frozen=True)
class ModelFacts:
    """What the page says of the model; what is not known of it is empty."""

    model_id: str
    parameters: int | None = None
    precision: str = ""
    device: str = ""

    @classmethod
    def of(cls, classifier: Classifier) -> ModelFacts:
        """Return the facts of a loaded classifier."""
        return cls(classifier.model_id, classifier.parameters, classifier.precision, str(classifier.device))


@dataclasses.dataclass(frozen=True, eq=False)  # frames have no one equality
class Part:
    """One table of the page.

    Parameters
    ----------
    title : str
        What the reader knows the data by.
    assessment : Assessment
    model : ModelFacts
        How these rows were scored.
    licence : str
    cautions, cautions_ko : tuple of str
        Of the corpus' card, in English and, where it has them, in Korean.
    personal : mapping of str to int
        How many phone numbers, mail addresses and so on (`personal.KINDS`) the table holds.
    masked : bool
        Whether they are hidden on the page; the texts are measured as they are.
    view : ModelView or None
        The model itself, to be asked more; None where it is not at hand.
    corpus : str
        The name of the corpus, of a card or a file.
    tags : DataFrame or None
        Causes that readers gave to mistakes (`errors.tags.read_tags`).
    """

    title: str
    assessment: Assessment
    model: ModelFacts
    licence: str = ""
    cautions: tuple[str, ...] = ()
    cautions_ko: tuple[str, ...] = ()
    personal: Mapping[str, int] = dataclasses.field(default_factory=dict)
    masked: bool = False
    view: ModelView | None = None
    corpus: str = ""
    tags: pd.DataFrame | None = None

    def shown(self, text: object) -> str:
        """Return a text as the page may show it."""
        return personal.mask_text(str(text)) if self.masked else str(text)


def from_frame(
    scored: pd.DataFrame,
    *,
    classifier: Classifier | None = None,
    calibrator: Temperature | Calibrator | CalibratorChoice | str | None = BUNDLED,
    title: str = "",
    keep_personal: bool = False,
    tags: pd.DataFrame | None = None,
    slice_by: Sequence[str] = (),
) -> Part:
    """Make a part of a table that is already scored.

    Parameters
    ----------
    scored : DataFrame
        Prediction frame with the probabilities as they were scored.
    classifier : Classifier, optional
        The model that scored it; without it the page says of the model what the table says.
    calibrator : Temperature, Calibrator, CalibratorChoice, None or ``"kosent-electra-small"``
        The last means the temperature of the model: the classifier's own, or the bundled model's where that
        scored the table.
    title : str
        The corpus's name when empty.
    keep_personal : bool
        Show what names persons (``corpora.personal``), which is hidden else.
    tags : DataFrame, optional
        Causes that readers gave to mistakes (`errors.tags.read_tags`).
    slice_by : sequence of str
        Columns of the table to slice by, beside those that are known.

    Returns
    -------
    Part

    Raises
    ------
    DataError
        When `scored` lacks one of `slice_by`, holds no predictions, those of several models or of another one than
        `classifier`, or probabilities that are calibrated already.
    """
    check_columns(scored, ["logit_0", "logit_1", "model_id"], what="a report", hint="Run predict_frame first.")
    models = {*map(str, scored["model_id"].unique()), *([classifier.model_id] if classifier else [])}
    if len(models) > 1:
        raise DataError(f"a report is of one model's answers; got those of {', '.join(sorted(models))}")
    if "doc_id" not in scored.columns:
        scored = scored.assign(doc_id=[f"row-{number}" for number in range(len(scored))])
    if isinstance(calibrator, str) and calibrator != BUNDLED:
        raise DataError(f"calibrator= is a Temperature, a CalibratorChoice, None or {BUNDLED!r}; got {calibrator!r}")
    if calibrator is not None and "calibrator" in scored.columns:
        raise DataError("these probabilities are calibrated already; give them as scored, or calibrator=None")
    names = scored["corpus"].unique() if "corpus" in scored.columns else []
    name = str(names[0]) if len(names) == 1 else ""
    model_id = str(scored["model_id"].iloc[0]) if len(scored) else BUNDLED
    bundled = model_id.partition("@")[0] == BUNDLED
    if isinstance(calibrator, str):
        folder = BUNDLED_FOLDER if bundled else None
        known = classifier.calibration if classifier else read_calibration(folder) if folder else None
        calibrator = choose_calibrator(scored, known)
    if classifier is not None:
        tokenizer = classifier.backend
    else:
        tokenizer = load_cutter(BUNDLED) if bundled and "text" in scored.columns else None
    facts = ModelFacts.of(classifier) if classifier else ModelFacts(model_id)
    held = personal_tables.count_personal(scored)
    masked = bool(held) and not keep_personal
    shown, sha256 = personal_tables.mask_frame(scored) if masked else scored, ""
    if "text" in scored.columns:  # measured as it is, masked where it is shown
        sha256, shown = frame_sha256(shown), shown.assign(text=scored["text"].array)
    assessment = assess(shown, calibrator, tokenizer=tokenizer, sha256=sha256, slice_by=slice_by)
    view = None if classifier is None else ModelView(classifier)
    said = {"personal": held, "masked": masked, "view": view, "tags": tags, **_of_card(name)}
    return Part(title or name or "texts", assessment, facts, **said)


def _of_card(corpus: str) -> dict[str, Any]:
    """Return what the card of a corpus says; of a user's own file its name alone."""
    try:
        card = corpora.find_card(corpus)
    except KosentError:
        return {"corpus": corpus}
    of_card = {"licence": card.licence, "cautions": card.cautions, "cautions_ko": card.cautions_ko}
    return {"corpus": corpus, **of_card}


def default_inputs(*, bundled_model: bool) -> list[str]:
    """Name what a report without ``--data`` is of: the pack, and film reviews as corpus or as saved answers."""
    if corpora.is_present(corpora.find_card("nsmc")):
        return ["kosent-pack", "nsmc:test"]
    if bundled_model:
        try:
            scoring.load_scored("nsmc-test")
        except KosentError as error:
            logger.warning("%s The report is of the pack alone.", error)
        else:
            return ["kosent-pack", f"{SAVED}nsmc-test"]
    return ["kosent-pack"]


def file_name(data: str) -> str:
    """Return the name of an input as a file may be called; a long one is cut and ends in its hash."""
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in Path(data).name)
    if len(name.encode("utf-8")) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode("utf-8")).hexdigest()[:8]
    return name.encode("utf-8")[: _LONGEST_NAME - 9].decode("utf-8", "ignore") + "-" + digest


def from_input(
    name: str,
    classifier: Classifier,
    *,
    folder: Path,
    read: Callable[[str], pd.DataFrame] = corpora.load,
    calib: tuple[str, pd.DataFrame] | None = None,
    method: str = "temperature",
    keep_personal: bool = False,
    progress: bool = False,
    view: ModelView | None = None,
    tags: pd.DataFrame | None = None,
    slice_by: Sequence[str] = (),
    ending: str = "parquet",
) -> Part:
    """Score an input, write its predictions, and assess it.

    Parameters
    ----------
    name : str
        ``NAME``, ``NAME:SPLIT``, a file, or ``saved:TABLE`` for answers of the bundled model.
    classifier : Classifier
    folder : Path
        Takes ``predictions-NAME.parquet``, or ``.csv`` where that is the `ending`.
    read : callable
        From a name to its document frame.
    calib, method :
        As for `calibrator_choice.choose_calibrator`.
    keep_personal : bool
        Show what names persons in the predictions and on the page, where it is hidden else; the texts are scored as
        they are.
    progress : bool
    view : ModelView, optional
        Of the classifier; one for all inputs, so that nothing is asked twice.
    tags, slice_by :
        As for `from_frame`.
    ending : {"parquet", "csv"}

    Returns
    -------
    Part

    Raises
    ------
    DataError, NotAvailableError
        When the input cannot be read, lacks one of `slice_by`, or saved answers are asked of another model.
    """
    title = Path(name).name if keep_personal else personal.mask_text(Path(name).name)
    target = folder / f"predictions-{file_name(title)}.{ending}"
    facts, shards, documents = ModelFacts.of(classifier), None, None
    if name.startswith(SAVED):
        saved = scoring.load_scored(name.removeprefix(SAVED))
        if saved.card["model_id"] != classifier.model_id:
            raise DataError(
                f"{name} are answers of {saved.card['model_id']}; they say nothing of {classifier.model_id}"
            )
        logger.info("%s: %d saved answers", name, len(saved.frame))
        frame, sha256 = saved.frame, saved.card["data_sha256"]
        facts = dataclasses.replace(facts, precision=saved.card["precision"], device=saved.card["device"])
        corpus = str(frame["corpus"].iloc[0])
    else:
        documents = read(name)
        slice_by = tuple(_column(list(documents.columns), one, name) for one in slice_by)
        hint = "The column of the texts is called text here, whatever the file calls it; columns are named by --slice."
        check_columns(documents, slice_by, what=f"slices of {name}", hint=hint)
        logger.info("%s: scoring %d texts (%s, %s)", name, len(documents), facts.precision, facts.device)
        options = {"mask_personal": not keep_personal, "progress": progress}
        frame, shards, sha256 = scoring.score_frame(documents, target, classifier, **options)
        corpus = "" if Path(name).suffix else name.partition(":")[0]
    held = personal_tables.count_personal(frame if documents is None else documents)
    masked = bool(held) and not keep_personal
    if masked and documents is not None:  # the hash of the whole texts would give one number back to who tries all
        sha256 = frame_sha256(frame)
    personal.warn(Path(name).name, held, masked=not keep_personal, otherwise="shown, since --keep-personal was given")
    # what is measured is the text that the model read, which masking changes; the page masks what it shows
    as_read = frame if documents is None else frame.assign(text=documents["text"].array)
    try:
        choice = choose_calibrator(as_read, classifier.calibration, calib, method=method)
        assessment = assess(as_read, choice, tokenizer=classifier.backend, sha256=sha256, slice_by=slice_by)
    except DataError:  # of what the table holds: scored again it would hold the same
        remove_shards(shards)
        raise
    measured = assessment.slices["column"].tolist() if slice_by and assessment.n_labelled else slice_by
    if none := [column for column in slice_by if column not in measured]:
        logger.warning("%s: no slice by %s has ten labelled rows, or there is one alone", title, ", ".join(none))
    write_answers(choice.calibrator.apply(frame) if choice.calibrator else frame, target)
    remove_shards(shards)
    said: dict[str, Any] = {"personal": held, "masked": masked, "view": view or ModelView(classifier), "tags": tags}
    return Part(title, assessment, facts, **said, **_of_card(corpus))


def _column(columns: list[str], name: str, what: str) -> str:
    """Return the column that a user means, however its letters are composed and whatever it is kept as."""
    return one_column(columns, name, what=what) or one_column(columns, f"input_{name}", what=what) or name
