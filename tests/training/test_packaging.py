import json

import numpy as np
import pandas as pd
import pytest
import torch

from kosent_lab.cli import main
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.model_files import model_id
from kosent_lab.corpora.documents import load
from kosent_lab.models import electra, pairs
from kosent_lab.models.classifier import load_classifier
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.training import packaging
from kosent_lab.training.labelled import divide


@pytest.fixture
def run(tmp_path, tiny_folder, tiny_tokenizer):
    def make(name, *, add=0.0, taught="{}"):
        model = electra.open_classifier(tiny_folder)
        with torch.no_grad():
            model.classifier.out_proj.bias += add
        electra.save_classifier(model, tiny_tokenizer, tmp_path / name / packaging.MODEL, seen_positions=512)
        (tmp_path / name / packaging.MODEL / packaging.TAUGHT).write_text(taught)
        return tmp_path / name

    return make


@pytest.fixture
def texts(tmp_path, pack, tiny):
    """Texts whose labels the tiny model half knows: its answer, every fifth turned round."""

    def write(name, rows, **columns):
        path = tmp_path / f"{name}.csv"
        scored = predict_frame(pack.iloc[rows][["text"]], tiny)
        odds = scored["logit_1"] - scored["logit_0"]
        label = (odds > odds.median()).astype(int)
        label = label.where(pd.Series(range(len(odds)), index=odds.index) % 5 > 0, 1 - label)
        scored[["text"]].assign(label=label, **columns).to_csv(path, index=False)
        return str(path)

    return write


def test_the_mean_of_runs_lies_between_them(run, tmp_path):
    folder = packaging.average_runs([run("a"), run("b", add=1.0)], tmp_path / "mean")
    one, mean = (electra.open_classifier(packaging.run_model(tmp_path / name)) for name in ("a", "mean"))
    difference = mean.classifier.out_proj.bias - one.classifier.out_proj.bias
    torch.testing.assert_close(difference, torch.full_like(difference, 0.5), atol=1e-3, rtol=0)
    assert folder == tmp_path / "mean" / packaging.MODEL
    assert packaging.read_taught(tmp_path / "mean") == {}


def test_runs_that_have_no_mean_are_refused(run, tmp_path):
    a, other = run("a"), run("other", taught='{"train_rows": 3}')
    with pytest.raises(DataError, match="needs two runs or more"):
        packaging.average_runs([a], tmp_path / "mean")
    with pytest.raises(DataError, match="taught different rows"):
        packaging.average_runs([a, other], tmp_path / "mean")
    (other / packaging.MODEL / packaging.TAUGHT).unlink()
    with pytest.raises(DataError, match="is missing, so that no one could say"):
        packaging.average_runs([a, other], tmp_path / "mean")


def test_a_package_is_a_calibrated_model_with_checksums(run, texts, tmp_path, pack):
    valid, calib = texts("valid", slice(0, 200)), texts("calib", slice(200, 400))
    made = packaging.package_run(run("a"), tmp_path / "model", calib=calib, valid=[valid])
    classifier = load_classifier(tmp_path / "model", device="cpu")
    assert json.loads((tmp_path / "model" / "calibration.json").read_text("utf-8")) == made
    assert (made["fitted_on"], made["shift_fitted_on"], made["n"]) == (calib, valid, 200)
    assert made["nll_after"] <= made["nll_before"]
    assert {"calibration.json", packaging.TAUGHT, "model.safetensors"} <= set(
        json.loads((tmp_path / "model" / "checksums.json").read_text("utf-8"))
    )
    # the shift was taken from every log-odds
    before = load_classifier(tmp_path / "a" / packaging.MODEL, device="cpu")
    odds = [s["logit_1"] - s["logit_0"] for s in (predict_frame(pack.head(30), c) for c in (before, classifier))]
    np.testing.assert_allclose(odds[0] - odds[1], made["shift"], atol=5e-3)


def test_nothing_is_fitted_on_a_sources_own_test(run, texts, tmp_path):
    good, bad = texts("good", slice(0, 200)), texts("bad", slice(200, 400), official_split="test")
    for options in ({"calib": bad, "valid": [good]}, {"calib": good, "valid": [bad]}):
        with pytest.raises(DataError, match="must not see the test split"):
            packaging.package_run(run("a"), tmp_path / "model", **options)


def test_a_temperature_is_not_fitted_on_what_the_run_was_taught(run, texts, tmp_path):
    """The file that a run was taught is divided as it was then; another file counts whole."""
    mine, other = texts("mine", slice(0, 400)), texts("other", slice(400, 500))
    taught = run("taught", taught=json.dumps({"data": mine}))
    made = packaging.package_run(taught, tmp_path / "a", calib=mine, valid=[])
    assert made["n"] == (divide(load(mine))["split"] == "valid").sum() < 100
    assert packaging.package_run(taught, tmp_path / "b", calib=other, valid=[])["n"] == 100
    # nor on what the run was taught that it began from, or that its teachers were
    for number, lineage in enumerate(
        ({"began_from": [{"data": mine}]}, {"teachers": [{"began_from": [{"data": mine}]}]})
    ):
        later = run(f"later-{number}", taught=json.dumps({"data": other} | lineage))
        again = packaging.package_run(later, tmp_path / f"later-{number}-model", calib=mine, valid=[])
        assert again["n"] == made["n"]


def test_a_run_is_fitted_on_what_was_kept_of_its_own_file(run, texts, tmp_path):
    """Not on film reviews, which would move what a shop's reviews taught."""
    mine = texts("mine", slice(0, 400))
    made = packaging.package_run(run("taught", taught=json.dumps({"data": mine})), tmp_path / "a")
    assert (made["fitted_on"], made["shift_fitted_on"]) == (mine, mine)
    gone = run("gone", taught=json.dumps({"data": "shop 1.0.0"}))
    with pytest.raises(DataError, match=r"was taught shop 1\.0\.0, which is not here: name --calib and --valid"):
        packaging.package_run(gone, tmp_path / "b")


def test_a_package_in_eight_bits_is_calibrated_on_what_lies_in_it(run, texts, tmp_path):
    valid, calib = texts("valid", slice(0, 200)), texts("calib", slice(200, 400))
    start = run("a")
    made = {
        fp8: packaging.package_run(start, tmp_path / str(fp8), calib=calib, valid=[valid], fp8=fp8)
        for fp8 in (None, "embeddings", "matrices")
    }
    again = packaging.package_run(tmp_path / "matrices", tmp_path / "again", calib=calib, valid=[], fp8="matrices")
    assert len({fitted["temperature"] for fitted in made.values()}) == 3
    assert again["temperature"] == made["matrices"]["temperature"]


def test_a_pairs_run_is_packaged_with_what_it_was_taught_and_its_history(tmp_path, tiny_tokenizer):
    pair = pairs.new_pair(tiny_tokenizer.get_vocab_size(), layers=1)
    pairs.save_pair(pair, tiny_tokenizer, tmp_path / "run" / packaging.MODEL)
    packaging.write_taught({"train_rows": 3}, tmp_path / "run" / packaging.MODEL)
    (tmp_path / "run" / packaging.MODEL / packaging.METRICS).write_text('{"step": 1}\n')
    options = ["--run", str(tmp_path / "run"), "--out", str(tmp_path / "model")]
    main(["train", "package", *options, "--fp8", "matrices"])
    assert packaging.read_taught(tmp_path / "model") == {"train_rows": 3}
    assert (tmp_path / "model" / packaging.METRICS).read_text() == '{"step": 1}\n'
    pairs.load_pair(tmp_path / "model")
    # and a packaged one once more
    packaging.package_pair(tmp_path / "model", tmp_path / "again", fp8="matrices")
    assert (tmp_path / "again" / packaging.METRICS).is_file()
    assert model_id("m", tmp_path / "again") == model_id("m", tmp_path / "model")
    assert main(["train", "package", *options, "--calib", "nsmc:calib"]) != 0


@pytest.mark.parametrize(
    ("taught_by", "films"),
    [
        ("nsmc", True), ("nsmc-governed 1.0.0", True), ("nsmc_mine.csv", False), ("nsmc-mine.csv", False),
        ("own 1.0.0", False), ("nsmc:train", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_taught_by_film_reviews_is_told_from_a_file_called_alike(taught_by, films):
    assert packaging.is_of_films(taught_by) == films
