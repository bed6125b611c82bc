import dataclasses
import pickle
import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertForSequenceClassification

from kosent_lab.calibration.temperature import Temperature
from kosent_lab.core.exceptions import KosentError, ModelError
from kosent_lab.models import classifier, devices
from kosent_lab.models.classifier import load_classifier
from kosent_lab.models.lean import LeanElectra, build_forward
from kosent_lab.scoring.answers import add_class_predictions
from kosent_lab.scoring.encode import bucket_batches, pad
from kosent_lab.scoring.predict import classifier_function, predict_frame, predict_logits

LOGITS = ["logit_0", "logit_1"]


@given(st.lists(st.integers(0, 600), max_size=80), st.integers(1, 2_000))
def test_batches_hold_every_row_once_within_the_budget(lengths, budget):
    lengths = np.array(lengths, dtype=np.int64)
    batches = bucket_batches(lengths, batch_tokens=budget)
    assert sorted(np.concatenate(batches).tolist() if batches else []) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= budget


def test_lean_pass_agrees_with_transformers(tiny, pack):
    texts = pack["text"].head(40).tolist()
    inputs = tiny.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        theirs = tiny.model(**inputs).logits
    lean = LeanElectra(tiny.model.state_dict(), tiny.model.config.to_dict())
    ours = lean(inputs["input_ids"], inputs["attention_mask"])
    torch.testing.assert_close(tiny.forward(inputs["input_ids"], inputs["attention_mask"]), ours, rtol=0, atol=0)
    assert torch.allclose(theirs, ours, atol=1e-5)


def test_auto_takes_what_every_architecture_has(monkeypatch):
    monkeypatch.setattr(devices, "_cpu_flags", frozenset)
    assert devices.choose_precision(torch.device("cpu")) == "fp32"
    if not torch.cuda.is_available():
        assert devices.choose_precision(torch.device("cuda")) == "fp32"  # the device is asked


def test_a_classifier_survives_pickling(tiny_folder, pack):
    one = load_classifier(tiny_folder, device="cpu")
    again = pickle.loads(pickle.dumps(dataclasses.replace(one, own_model=None)))
    assert predict_frame(pack.head(9), again)["logit_1"].equals(predict_frame(pack.head(9), one)["logit_1"])


def test_scoring_leaves_the_threads_of_the_process(tiny, pack):
    def count():
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(torch.get_num_threads).result()

    before = count()
    predict_frame(pack.head(4), tiny)
    assert count() == before


@pytest.mark.parametrize(
    ("frame", "model", "words"),
    [
        (["좋아요"], None, "needs a table .a pandas DataFrame.; got a list"),
        (pd.DataFrame({"text": ["좋아요"], "label": ["긍정"]}), None, "labels are 0, 1 or missing; got '긍정'"),
        (pd.DataFrame({"text": ["좋아요"], "label": [2]}), None, "labels are 0, 1 or missing; got .*2"),
        (pd.DataFrame({"text": ["좋아요"]}), "a/folder", "needs a classifier: load_classifier"),
    ],
)
def test_what_is_no_table_label_or_classifier_is_named(frame, model, words, tiny):
    with pytest.raises(KosentError, match=words):
        predict_frame(frame, model or tiny)


def test_the_forward_pass_is_built_once(tiny_folder, pack, monkeypatch):
    built = []
    monkeypatch.setattr(classifier, "LeanElectra", lambda *a, **k: built.append(k) or LeanElectra(*a, **k))
    one = load_classifier(tiny_folder, device="cpu")
    for start in range(0, 30, 10):
        predict_frame(pack.iloc[start : start + 10], one)
    assert built == [{}]


def test_another_architecture_runs_as_transformers_has_it(pack):
    config = BertConfig(vocab_size=50, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    model = BertForSequenceClassification(config).eval()
    ids, mask = pad([np.array([2, 7, 8, 3]), np.array([2, 3])], 0)
    with torch.inference_mode():
        theirs = model(ids, attention_mask=mask).logits
    assert torch.equal(build_forward(model)(ids, mask), theirs)


def test_bf16_stays_near_fp32(tiny_folder, pack):
    exact = predict_frame(pack, load_classifier(tiny_folder, device="cpu"))
    half = predict_frame(pack, load_classifier(tiny_folder, device="cpu", precision="bf16"))
    assert (exact["logit_1"] - half["logit_1"]).abs().median() < 0.025 * exact[
        "logit_1"
    ].std()  # eight bits of fraction
    log_odds = exact["logit_1"] - exact["logit_0"]
    sure = log_odds.abs() > 0.1 * log_odds.std()  # nearer to the middle eight bits do not tell
    assert (exact["pred"] == half["pred"])[sure].mean() > 0.99


def test_predictions_depend_on_the_text_alone(tiny, pack):
    frame = pack.head(120)
    whole = predict_frame(frame, tiny)
    small = predict_frame(frame, tiny, batch_tokens=16)
    shuffled = predict_frame(frame.sample(frac=1, random_state=3), tiny).sort_index()
    alone = pd.concat([predict_frame(frame.iloc[[row]], tiny) for row in range(20)])
    np.testing.assert_allclose(whole[LOGITS], small[LOGITS], atol=1e-5)
    np.testing.assert_allclose(whole[LOGITS], shuffled[LOGITS], atol=1e-5)
    np.testing.assert_allclose(whole[LOGITS].head(20), alone[LOGITS], atol=1e-5)


def test_rows_order_and_index_survive(tiny):
    frame = pd.DataFrame(
        {"text": ["좋다", None, "", "  ", "좋다", float("nan")], "keep": range(6)}, index=list("aabcad")
    )
    scored = predict_frame(frame, tiny)
    assert scored.index.tolist() == frame.index.tolist()
    assert scored["keep"].tolist() == list(range(6))
    assert scored[LOGITS].notna().all(axis=None)
    assert scored["n_tokens"].tolist()[1:4] == [2, 2, 2]
    assert "pred" not in frame.columns
    assert scored["correct"].isna().all()


def test_columns_follow_from_the_logits(tiny, pack):
    scored = predict_frame(pack, tiny)
    margin = scored["logit_1"].astype("float64") - scored["logit_0"].astype("float64")
    np.testing.assert_allclose(scored["prob_1"], 1 / (1 + np.exp(-margin)))
    assert (scored["pred"] == (scored["prob_1"] > 0.5)).all()
    assert scored["confidence"].between(0.5, 1).all()
    labelled = scored[scored["label"].notna()]
    assert (labelled["correct"] == (labelled["label"] == labelled["pred"])).all()
    assert scored.loc[scored["label"].isna(), "correct"].isna().all()


@pytest.mark.parametrize(
    "text",
    ["a\0b", "\ud800", "‮거꾸로‬", "👩‍👩‍👧", "ㅋ" * 50, "<script>alert(1)</script>", "=1+1", 12.5, True],
)
def test_strange_texts_are_scored(tiny, text):
    scored = predict_frame(pd.DataFrame({"text": pd.Series([text], dtype=object)}), tiny)
    assert np.isfinite(scored["prob_1"]).all()


def test_decomposed_hangul_scores_alike(tiny, pack):
    texts = pack["text"].head(30)
    decomposed = texts.map(lambda text: unicodedata.normalize("NFD", text))
    one, other = predict_frame(texts.to_frame(), tiny), predict_frame(decomposed.to_frame(), tiny)
    np.testing.assert_allclose(one[LOGITS], other[LOGITS], atol=1e-6)


def test_very_long_text_is_cut_and_marked(tiny):
    scored = predict_frame(pd.DataFrame({"text": ["정말 좋다 " * 20_000, "좋다"]}), tiny)
    assert scored["truncated"].tolist() == [True, False]
    assert scored["n_tokens"].iloc[0] == 512


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("no memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("std::bad_alloc"),
        MemoryError(),
    ],
)
def test_memory_that_runs_out_halves_the_batch(tiny, pack, monkeypatch, error):
    whole = predict_frame(pack.head(60), tiny)
    forward, sizes = tiny.forward, []

    def short_of_memory(ids, mask):
        sizes.append(len(ids))
        if len(ids) > 4:
            raise error
        return forward(ids, mask)

    monkeypatch.setitem(vars(tiny), "forward", short_of_memory)
    scored = predict_frame(pack.head(60), tiny)
    np.testing.assert_allclose(whole[LOGITS], scored[LOGITS], atol=1e-5)
    assert max(sizes) > 4
    assert sum(size for size in sizes if size <= 4) == pack["text"].head(60).nunique()  # each text answered once


def test_other_errors_are_not_swallowed(tiny, pack, monkeypatch):
    def broken(ids, mask):
        raise RuntimeError("something else")

    monkeypatch.setitem(vars(tiny), "forward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        predict_frame(pack.head(3), tiny)


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_any_text_has_a_finite_answer(tiny, texts):
    scored = predict_frame(pd.DataFrame({"text": texts}), tiny)
    assert np.isfinite(scored[LOGITS].to_numpy()).all()
    assert len(scored) == len(texts)


def test_scoring_needs_no_transformers(tiny_folder, tmp_path):
    """It takes seconds to import, and twelve rows take none: asked in a process of its own."""
    program = (
        "import sys, pandas as pd\n"
        "from kosent_lab import models, scoring\n"
        "scored = scoring.predict_frame(pd.DataFrame({'text': ['정말 좋아요']}), models.load_classifier(sys.argv[1]))\n"
        "print(len(scored), 'transformers' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program, str(tiny_folder)], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1", "False"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_answer_that_is_no_number_stops_with_its_row(tiny, value):
    def forward(ids, mask):
        logits = tiny.forward(ids, mask).clone()
        logits[(ids == ids.max()).any(1)] = value
        return logits

    broken = dataclasses.replace(tiny, forward=forward)
    frame = pd.DataFrame({"doc_id": ["a", "b", "c"], "text": ["좋아요", "싫어요", "좋아요"]})
    with pytest.raises(ModelError, match=r"tiny@\w+ answers [abc] with \[(nan|inf), .*no numbers"):
        predict_frame(frame, broken, batch_tokens=1)
    with pytest.raises(ModelError, match=r"answers text 0 with .*\(1 such rows\)"):
        predict_logits(broken, [np.array([2, 3])])


def test_two_calls_at_once_leave_the_threads_as_they_were(tiny, pack):
    """The number of threads is the process's: a call must not take what another's workers left for it."""
    before = torch.get_num_threads()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda part: predict_frame(part, tiny), [pack.head(200), pack.tail(20)]))
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == before


def test_three_classes_that_are_polarities_say_what_is_right():
    frame = pd.DataFrame({"text": ["a", "b", "c", "d"], "label": ["부정", "1", "중립", None]})
    logits = np.array([[5.0, 0, 0], [5, 0, 0], [0, 5, 0], [0, 0, 5]])
    found = add_class_predictions(frame, logits, ("negative", "neutral", "positive"))
    assert found["correct"].tolist() == [True, False, True, pd.NA]
    assert found["polarity"].tolist()[:3] == ["negative", "positive", "neutral"]
    others = add_class_predictions(frame.assign(label="X"), logits, ("negative", "neutral", "positive"))
    assert others["correct"].isna().all()


def test_classes_of_ones_own_say_what_is_right():
    frame = pd.DataFrame({"text": list("abcd"), "label": ["부정", "긍정", "기타", None]})
    logits = np.array([[5.0, 0], [5, 0], [0, 5], [0, 5]])
    found = add_class_predictions(frame, logits, ("부정", "긍정"))
    assert found["correct"].tolist() == [True, False, pd.NA, pd.NA]
    assert add_class_predictions(frame.assign(label="기타"), logits, ("부정", "긍정"))["correct"].isna().all()
    stars = add_class_predictions(frame.assign(label=[1, 2, 2.0, None]), logits, ("1", "2"))
    assert stars["correct"].tolist() == [True, False, True, pd.NA]


def test_scored_again_nothing_stays_of_other_answers(tiny):
    frame = pd.DataFrame({"text": ["좋아요", "별로"], "label": pd.array([1, 0], dtype="Int64")})
    first = predict_frame(frame, tiny)
    calibrated = Temperature(2.5).apply(first)
    assert predict_frame(calibrated, tiny)[first.columns].equals(first)
    three = add_class_predictions(first, np.zeros((2, 3)), ("negative", "neutral", "positive"))
    assert not {"logit_0", "prob_1", "calibrator"} & set(three.columns)
    again = predict_frame(three, tiny)
    assert set(again.columns) == {*first.columns, "polarity"}
    assert again[first.columns].equals(first)


def test_a_model_of_another_architecture_goes_to_another_process():
    config = BertConfig(vocab_size=50, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    forward = build_forward(BertForSequenceClassification(config).eval())
    ids, mask = pad([np.array([2, 7, 8, 3])], 0)
    assert torch.equal(pickle.loads(pickle.dumps(forward))(ids, mask), forward(ids, mask))


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame([["가", "나"]], columns=["text", "text"]), "needs one column 'text'; got 2"),
        (pd.DataFrame({"text": [["가", "나"]]}), "needs a text in every cell of the column text; got a list"),
    ],
)
def test_what_is_no_column_of_texts_is_refused(tiny, frame, said):
    with pytest.raises(KosentError, match=said):
        predict_frame(frame, tiny)


def test_a_function_of_texts_needs_polarities_and_a_list(tiny):
    with pytest.raises(KosentError, match="a list of texts is needed"):
        classifier_function(tiny)("좋다")
    with pytest.raises(ModelError, match="has the classes 가, 나, and no probability of positive"):
        classifier_function(dataclasses.replace(tiny, class_names=("가", "나")))


def test_numbers_of_classes_are_judged_by_their_names():
    logits = np.eye(3, dtype="float32") * 5
    frame = add_class_predictions(pd.DataFrame({"label": [0, 2, None]}), logits, ("부정", "중립", "긍정"))
    assert frame["correct"].tolist() == [True, False, pd.NA]


def test_numbers_that_may_be_classes_or_polarities_are_not_judged(caplog):
    frame = pd.DataFrame({"label": [0, 1, 2]})
    found = add_class_predictions(frame, np.eye(3, dtype="float32"), ("negative", "neutral", "positive"))
    assert found["correct"].isna().all()
    assert "no answer is judged" in caplog.text
