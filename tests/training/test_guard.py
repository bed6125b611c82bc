"""Whatever fits refuses test rows: ours and those of any source."""

import ast

import pandas as pd
import pytest

from kosent_lab.calibration import abstention, calibrator_comparison, calibrators, conformal, temperature
from kosent_lab.core.exceptions import DataError
from kosent_lab.curation import secret_training
from kosent_lab.errors.three_way import limit_of_confidence
from kosent_lab.models import electra, pairs
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.studies import draws, transfer
from kosent_lab.training import baseline, finetuning, pieces, pretraining, three_way
from tests.conftest import ROOT

FITS = {
    "fit_temperature": lambda c: temperature.fit_temperature(c.scored),
    "fit_shift": lambda c: temperature.fit_shift(c.scored),
    "fit_calibrator": lambda c: calibrators.fit_calibrator(c.scored),
    "compare_calibrators": lambda c: calibrator_comparison.compare_calibrators(c.scored),
    "fit_conformal": lambda c: conformal.fit_conformal(c.scored),
    "choose_threshold": lambda c: abstention.choose_threshold(c.scored),
    "fit_baseline": lambda c: baseline.fit_baseline(c.rows),
    "search_strength": lambda c: baseline.search_strength(c.rows, c.clean, grid=[1.0]),
    "out_of_fold": lambda c: baseline.out_of_fold(c.rows),
    "train": lambda c: finetuning.train(
        electra.new_classifier(c.tokenizer.get_vocab_size(), layers=1), c.tokenizer, c.rows, folder=c.folder
    ),
    "pretrain": lambda c: pretraining.pretrain(c.pair, c.tokenizer, c.rows, folder=c.folder),
    "start_from_text": lambda c: pretraining.start_from_text(c.pair, c.tokenizer, c.rows),
    "fit_neutral_head": lambda c: three_way.fit_neutral_head(c.rows, c.clean, c.classifier),
    "fit_neutral_head, its polar valid": lambda c: three_way.fit_neutral_head(c.clean, c.rows, c.classifier),
    "fit_neutral_head, its mixed valid": lambda c: three_way.fit_neutral_head(
        c.clean, c.clean, c.classifier, mixed_valid=c.rows
    ),
    "limit_of_confidence": lambda c: limit_of_confidence(c.scored, most_lost=0.01),
    "draw_examples": lambda c: pieces.draw_examples(c.rows.assign(target=1.0, answer=0.5), {}),
    "fit_secret_words": lambda c: secret_training.fit_secret_words(c.rows.assign(part="a")),
    "fit_pieces": lambda c: pieces.fit_pieces(electra.open_classifier(c.model), c.tokenizer, c.rows, [[1]]),
    "fine_tune": lambda c: transfer.fine_tune(c.model, c.rows),
}
# fit on what they are not given whole: learning_curve leaves test rows out itself, train_vocabulary takes texts,
# fit_family and fit_logistic take numbers that fit_calibrator has asked for
OTHERS = {"learning_curve", "train_vocabulary", "fit_family", "fit_logistic"}
WINGS = ["curation", "calibration", "models", "scoring", "training", "studies", "tokenization", "behaviour", "errors"]


@pytest.fixture
def case(pack, tiny, tiny_folder, tiny_tokenizer, tmp_path):
    class Case:
        clean = pack[pack["label"].notna()].assign(
            split=["valid" if n % 5 == 0 else "train" for n in range(pack["label"].notna().sum())]
        )
        tokenizer, folder, model, classifier = tiny_tokenizer, tmp_path, tiny_folder, tiny
        pair = pairs.new_pair(tiny_tokenizer.get_vocab_size(), layers=1)

        def mark(self, column):
            marked = self.clean[column] if column in self.clean else pd.Series("train", index=self.clean.index)
            self.rows = self.clean.assign(**{column: marked.mask(self.clean.index == self.clean.index[7], "test")})
            self.scored = predict_frame(self.rows, tiny)
            return self

    return Case()


@pytest.mark.parametrize("column", ["split", "official_split"])
@pytest.mark.parametrize("name", FITS)
def test_one_test_row_of_any_corpus_is_refused(case, name, column):
    with pytest.raises(DataError, match=f"must not see the test split, and 1 of the .* have {column} 'test'"):
        FITS[name](case.mark(column))


def test_a_search_never_chooses_on_test_rows(case):
    rows = case.mark("official_split")
    with pytest.raises(DataError, match="the search must not see the test split"):
        baseline.search_strength(rows.clean, rows.rows, grid=[1.0])


def test_every_function_that_fits_is_asked():
    """A new one is not exempt by being new: whatever is called as fitting is called is listed above."""
    named = set()
    for wing in WINGS:
        for path in (ROOT / "kosent_lab" / wing).glob("*.py"):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith(("fit_", "train", "pretrain", "search_")):
                    named.add(node.name)
    assert named <= {*FITS, *OTHERS}


def test_rows_of_an_official_test_are_measured_and_never_teach(pack):
    rows = pack[pack["label"].notna()]
    official = pd.Series(["test" if n % 4 == 0 else "train" for n in range(len(rows))], index=rows.index)
    marked = rows.assign(official_split=official)
    plain, _ = draws.draw_rows(rows, 200)
    teach, measure = draws.draw_rows(marked, 200, per_label=None)
    assert len(teach) == 200
    assert not (teach["official_split"] == "test").any()
    assert not set(teach["group"]) & set(measure["group"])
    kept = draws.draw_rows(rows.drop_duplicates("text"), 0, per_label=None)[1]
    assert set(marked.loc[marked["doc_id"].isin(kept["doc_id"]) & (official == "test"), "doc_id"]) <= set(
        measure["doc_id"]
    )
    # a corpus without such rows is drawn as it always was
    same, _ = draws.draw_rows(rows.assign(official_split="all"), 200)
    assert same["doc_id"].tolist() == plain["doc_id"].tolist()
    with pytest.raises(DataError, match="rows to teach with must not see the test split"):
        draws.draw_rows(rows.assign(official_split="test"), 20)
    # nothing is taught, so everything may be measured
    assert len(draws.draw_rows(rows.assign(official_split="test"), 0, per_label=None)[1]) == len(kept)


def test_the_curve_of_a_corpus_with_an_official_test_teaches_without_it(case, monkeypatch):
    seen = []
    fit = transfer.fit_baseline
    monkeypatch.setattr(transfer, "fit_baseline", lambda rows, **more: seen.append(rows) or fit(rows, **more))
    rows = case.clean.assign(official_split=["test" if n % 3 == 0 else "dev" for n in range(len(case.clean))])
    answers = transfer.learning_curve(rows.drop(columns="split"), sizes=[60], source=case.model, methods=["tfidf"])
    assert not (pd.concat(seen)["official_split"] == "test").any()
    assert answers["doc_id"].isin(rows.loc[rows["official_split"] == "test", "doc_id"]).any()
