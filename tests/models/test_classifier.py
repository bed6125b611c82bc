import json
import shutil
import time

import pytest
import torch
import transformers
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    CamembertConfig,
    ElectraForSequenceClassification,
    MPNetConfig,
    XLNetConfig,
)

from kosent_lab.calibration.temperature import read_calibration
from kosent_lab.core.exceptions import ModelError, NotAvailableError
from kosent_lab.core.places import BUNDLED, REFERENCE_ID
from kosent_lab.models import electra
from kosent_lab.models.classifier import _longest, label_columns, load_classifier
from kosent_lab.models.folders import open_model
from kosent_lab.scoring.predict import predict_frame
from tests.conftest import ROOT


@pytest.fixture
def copy(tiny_folder, tmp_path):
    """A copy of the tiny model that a test may damage; without checksums unless it keeps them."""
    folder = tmp_path / "모델 폴더"
    shutil.copytree(tiny_folder, folder)
    return folder


def test_folder_loads_with_its_facts(tiny, tiny_folder):
    assert tiny.model_id.startswith("tiny@")
    assert tiny.precision == "fp32"
    assert tiny.label_columns == (0, 1)
    assert tiny.parameters == sum(p.numel() for p in tiny.model.parameters()) > 20_000
    assert next(tiny.model.parameters()).dtype == torch.float32  # stored as fp16


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        ({0: "0", 1: "1"}, (0, 1)),
        ({0: "positive", 1: "negative"}, (1, 0)),
        ({0: "부정", 1: "긍정"}, (0, 1)),
    ],
)
def test_label_names_tell_the_columns(names, columns):
    assert label_columns(names) == columns


def test_labels_that_do_not_tell_are_refused():
    with pytest.raises(ModelError, match=r"do not say which is positive.*positive_label=1"):
        label_columns({0: "LABEL_0", 1: "LABEL_1"})
    assert label_columns({0: "LABEL_0", 1: "LABEL_1"}, positive_label=0) == (1, 0)
    with pytest.raises(ModelError, match="this one has 3"):
        label_columns({0: "negative", 1: "neutral", 2: "positive"})


def test_a_calibration_is_read_without_torch_and_kept_whole(copy):
    assert read_calibration(copy) is None
    assert load_classifier(copy, device="cpu").temperature is None
    (copy / "checksums.json").unlink()
    (copy / "calibration.json").write_text('{"temperature": 1.5, "fitted_on": "nsmc:calib", "n": 30}')
    classifier = load_classifier(copy, device="cpu")
    assert classifier.calibration == read_calibration(copy) == {"temperature": 1.5, "fitted_on": "nsmc:calib", "n": 30}
    assert classifier.temperature == 1.5


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"temperature": 0}', '{"temperature": "hot"}'])
def test_a_damaged_calibration_is_named(copy, content):
    (copy / "checksums.json").unlink()
    (copy / "calibration.json").write_text(content)
    with pytest.raises(ModelError, match=r"calibration\.json holds no temperature .* Copy it again"):
        load_classifier(copy, device="cpu")


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_damaged_weights_are_refused(copy, damage):
    weights = copy / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[: len(content) // 2] if damage == "cut" else content[:-1] + b"x")
    if damage == "gone":
        weights.unlink()
        with pytest.raises(ModelError, match="holds no model.safetensors"):
            load_classifier(copy)
        return
    with pytest.raises(ModelError, match="cut off or changed"):
        load_classifier(copy)


def test_cut_weights_are_refused_without_checksums_too(copy):
    (copy / "checksums.json").unlink()
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_classifier(copy)


def test_pickled_weights_are_refused(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"only pickled weights \(pytorch_model.bin\), which can run any program"):
        load_classifier(copy)


def test_tokenizer_without_korean_is_refused(copy):
    (copy / "checksums.json").unlink()
    path = copy / "tokenizer.json"
    content = json.loads(path.read_text("utf-8"))
    kept = {piece: index for piece, index in content["model"]["vocab"].items() if index < 5}
    content["model"]["vocab"] = kept
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(ModelError, match="turns Korean into unknown pieces"):
        load_classifier(copy)


def test_moving_revisions_need_the_users_word():
    with pytest.raises(ModelError, match="full commit hash of 40 digits"):
        load_classifier("someone/model")
    with pytest.raises(ModelError, match="got 'main'"):
        load_classifier("someone/model", revision="main")


def test_unreachable_hub_is_told_within_ten_seconds(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    start = time.monotonic()
    with pytest.raises(NotAvailableError, match="cannot be reached.*bundled model"):
        load_classifier(REFERENCE_ID)
    assert time.monotonic() - start < 10


def test_unknown_source_is_named():
    with pytest.raises(NotAvailableError, match="there is no folder 'nothing here'"):
        load_classifier("nothing here")


def test_wrong_device_and_precision_are_named(tiny_folder):
    with pytest.raises(ModelError, match="precision is one of"):
        load_classifier(tiny_folder, precision="fp64")
    for name in ("tpu", "cpu:1", "cpu:x", "cuda:99", "cuda:x", "mps:"):
        with pytest.raises(ModelError, match=f"device '{name}' is not on this machine"):
            load_classifier(tiny_folder, device=name)


def test_growing_keeps_what_the_model_says(tiny, pack):
    # exactly where every gain is 1; the trained model's vary
    for model, share, layers in ((tiny, 1e-5, 6), (load_classifier(device="cpu"), 0.01, 18)):
        deep = electra.grow_depth(model.model, layers)
        assert deep.config.num_hidden_layers == layers
        inputs = model.tokenizer(pack["text"].head(50).tolist(), padding=True, return_tensors="pt")
        with torch.inference_mode():
            before, after = model.model(**inputs).logits, deep.eval()(**inputs).logits
        assert (before - after).abs().mean() < share * before.std()
        assert torch.equal(before.argmax(1), after.argmax(1))
    with pytest.raises(ModelError, match="1 are fewer"):
        electra.grow_depth(tiny.model, 1)


def test_the_mean_of_two_models_is_the_mean_of_their_weights(tiny_folder):
    one, other = electra.open_classifier(tiny_folder), electra.open_classifier(tiny_folder)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter += 1
    wanted = {name: value + 0.5 for name, value in one.named_parameters()}
    mean = dict(electra.average_weights([one, other]).named_parameters())
    assert all(torch.allclose(mean[name], value, atol=1e-5) for name, value in wanted.items())


def test_bundled_model_loads_offline_and_is_whole():
    classifier = load_classifier()
    assert isinstance(classifier.model, ElectraForSequenceClassification)
    config = classifier.model.config
    shape = (config.num_hidden_layers, config.hidden_size, config.embedding_size, config.intermediate_size)
    assert shape == (12, 256, 128, 1024)
    assert classifier.temperature is not None
    card = (ROOT / "data" / "models" / BUNDLED / "MODEL_CARD.md").read_text("utf-8")
    assert f"{classifier.parameters:,}" in card
    assert classifier.model_id in card


def test_the_three_layer_model_is_the_one_on_its_card(pack):
    folder = ROOT / "data" / "models" / "kosent-electra-small-fast"
    classifier = load_classifier(folder, device="cpu")
    card = (folder / "MODEL_CARD.md").read_text("utf-8")
    assert classifier.model_id in card
    scored = predict_frame(pack[pack["label"].notna()], classifier)
    assert f"| our own pack | {len(scored)} | {100 * scored['correct'].mean():.2f} " in card


@pytest.mark.parametrize(
    ("file", "settings"),
    [
        ("tokenizer_config.json", {"model_max_length": None, "unk_token": None}),
        ("tokenizer_config.json", None),
        ("config.json", {"id2label": None, "label2id": None, "max_position_embeddings": None}),
    ],
)
def test_settings_that_are_null_or_missing_have_their_usual_values(copy, pack, tiny, file, settings):
    path = copy / file
    if settings is None:
        path.unlink()
    else:
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | settings), "utf-8")
    (copy / "checksums.json").unlink(missing_ok=True)
    classifier = load_classifier(copy, positive_label=1)
    assert classifier.max_tokens == 512
    frame = pack.head(5)
    columns = ["logit_0", "logit_1"]
    expected = predict_frame(frame, tiny)[columns].to_numpy()
    assert predict_frame(frame, classifier)[columns].to_numpy() == pytest.approx(expected)


def test_damaged_checksums_are_told(copy):
    (copy / "checksums.json").write_text("{", "utf-8")
    with pytest.raises(ModelError, match=r"checksums\.json cannot be read"):
        load_classifier(copy)


def test_positions_that_are_counted_from_the_padding_hold_fewer_tokens():
    config, settings = {"max_position_embeddings": 514}, {"model_max_length": 10**30}
    small = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    small |= {"vocab_size": 20, "max_position_embeddings": 514}
    for kind, longest in ((CamembertConfig, 512), (MPNetConfig, 512), (BertConfig, 514)):
        model = AutoModelForSequenceClassification.from_config(kind(**small))
        assert _longest(config, settings, ROOT, model) == longest
        model(input_ids=torch.full((1, longest), 7))
    assert _longest(config, settings, ROOT, None) == 514


def test_a_model_whose_answer_changes_beside_padding_is_refused(tmp_path, tiny_tokenizer):
    pieces = tiny_tokenizer.get_vocab_size()
    kinds = {"bert": BertConfig(hidden_size=16, num_attention_heads=2, num_hidden_layers=1, vocab_size=pieces)}
    kinds["xlnet"] = XLNetConfig(d_model=16, n_head=2, n_layer=1, d_inner=16, vocab_size=pieces, initializer_range=0.5)
    for name, config in kinds.items():
        torch.manual_seed(0)
        AutoModelForSequenceClassification.from_config(config).eval().save_pretrained(tmp_path / name)
    assert open_model(tmp_path / "bert", "fp32").config.model_type == "bert"
    with pytest.raises(ModelError, match="XLNet.*changes with what shares its batch"):
        open_model(tmp_path / "xlnet", "fp32")


@pytest.mark.parametrize("kind", ["multi_label_classification", "regression"])
def test_outputs_that_are_no_shares_of_one_whole_are_refused(copy, kind):
    config = json.loads((copy / "config.json").read_text("utf-8"))
    (copy / "config.json").write_text(json.dumps({**config, "problem_type": kind}), encoding="utf-8")
    (copy / "checksums.json").unlink(missing_ok=True)
    with pytest.raises(ModelError, match=f"a model of {kind} gives numbers that are no shares"):
        load_classifier(copy, device="cpu", any_classes=True)


def test_a_classifier_shows_itself_in_a_line_and_leaves_bars_alone(tiny):
    assert len(repr(tiny)) < 500
    shown = transformers.utils.logging.is_progress_bar_enabled()
    assert tiny.model is not None
    assert transformers.utils.logging.is_progress_bar_enabled() == shown


def test_a_pair_is_no_classifier_and_is_told_so():
    with pytest.raises(ModelError, match="is a pair for replaced-token detection, no classifier: load_pair reads it"):
        load_classifier("kosent-electra-small-rtd")
