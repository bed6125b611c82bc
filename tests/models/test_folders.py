"""Every folder is loaded by one way: all its weights and only they, of the right shape, all of them numbers."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForSequenceClassification, ElectraForSequenceClassification

from kosent_lab.core.exceptions import KosentError, ModelError
from kosent_lab.models import electra, pairs
from kosent_lab.models.classifier import load_classifier
from kosent_lab.models.folders import load_model, open_model
from kosent_lab.tokenization.vocabularies import save_tokenizer


@pytest.fixture
def copy(tiny_folder, tmp_path):
    """A copy of the tiny model without checksums, for a test to damage."""
    folder = shutil.copytree(tiny_folder, tmp_path / "tiny")
    (folder / "checksums.json").unlink()
    return folder


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory, tiny_tokenizer):
    """A classifier that the lean forward pass does not compute: transformers reads it."""
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=tiny_tokenizer.get_vocab_size(), hidden_size=16, intermediate_size=32, num_attention_heads=2,
        num_hidden_layers=2, id2label={0: "negative", 1: "positive"},
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("models") / "bert"
    BertForSequenceClassification(config).save_pretrained(folder)
    save_tokenizer(tiny_tokenizer, folder)
    return folder


@pytest.fixture(params=["lean", "transformers", "training"])
def loader(request, copy, bert_folder, tmp_path):
    """A folder and what loads it, by each of the ways there are."""
    if request.param == "transformers":
        return shutil.copytree(bert_folder, tmp_path / "bert"), load_classifier
    return copy, load_classifier if request.param == "lean" else electra.open_classifier


def change(path, **settings):
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | settings), "utf-8")


def edit(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def head(weights):
    return next(name for name in weights if name.startswith("classifier") and name.endswith("weight"))


def test_a_whole_folder_loads(loader):
    folder, load = loader
    assert load(folder) is not None


def test_a_missing_head_is_named(loader):
    folder, load = loader
    edit(folder, lambda w: [w.pop(name) for name in list(w) if name.startswith("classifier")])
    with pytest.raises(ModelError, match=r"lacks weights that its config asks for: classifier\."):
        load(folder)


def test_a_weight_that_nothing_needs_is_named(loader):
    folder, load = loader
    edit(folder, lambda w: w.update({"other.weight": torch.ones(2)}))
    with pytest.raises(ModelError, match=r"holds weights that its config has no place for: other\.weight"):
        load(folder)


def test_the_numbers_of_positions_that_older_folders_hold_are_no_weights(loader):
    folder, load = loader
    kind = "bert" if folder.name == "bert" else "electra"
    edit(folder, lambda w: w.update({f"{kind}.embeddings.position_ids": torch.arange(512)[None]}))
    assert load(folder) is not None


def test_a_weight_of_another_shape_is_named(loader):
    folder, load = loader
    edit(folder, lambda w: w.update({head(w): torch.ones(5, 7)}))
    with pytest.raises(ModelError, match=r"of another shape than its config asks for: classifier.*is \(5, 7\), not"):
        load(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_weight_that_is_no_number_is_named(loader, value):
    folder, load = loader
    edit(folder, lambda w: w[head(w)].view(-1)[:1].fill_(value))
    with pytest.raises(ModelError, match=r"NaN or infinite: classifier\."):
        load(folder)


def test_weights_that_are_whole_numbers_are_refused(loader):
    folder, load = loader
    edit(folder, lambda w: w.update({head(w): w[head(w)].to(torch.int64)}))
    with pytest.raises(ModelError, match=r"no floating-point numbers: \('classifier\."):
        load(folder)


@pytest.mark.parametrize(
    "settings",
    [
        {"num_hidden_layers": "12"},
        {"num_hidden_layers": None},
        {"num_hidden_layers": -1},
        {"num_hidden_layers": 0},
        {"num_hidden_layers": 10**9},
        {"num_hidden_layers": 1},
        {"num_hidden_layers": 2.5},
        {"hidden_size": 10**9},
        {"hidden_size": []},
        {"vocab_size": 10**12},
        {"num_attention_heads": 0},
        {"num_attention_heads": 3},
        {"intermediate_size": {}},
        {"layer_norm_eps": "small"},
        {"id2label": []},
    ],
    ids=str,
)
def test_settings_that_do_not_fit_are_refused_by_name_of_the_folder(loader, settings):
    folder, load = loader
    change(folder / "config.json", **settings)
    with pytest.raises(ModelError) as error:
        load(folder)
    assert str(folder) in str(error.value)


@pytest.mark.parametrize("names", [["negative", "positive", "neutral"], ["a", "b", "c", "d"]])
def test_more_classes_than_the_head_has_are_refused(copy, bert_folder, names):
    for folder in (copy, shutil.copytree(bert_folder, copy.parent / "bert")):
        change(folder / "config.json", id2label=dict(enumerate(names)))
        with pytest.raises(ModelError, match=rf"of another shape .*classifier.*\({len(names)},"):
            load_classifier(folder, any_classes=True)


@pytest.mark.parametrize(
    ("file", "settings"),
    [
        ("config.json", {"id2label": {"0": "negative", "7": "positive"}}),
        ("config.json", {"id2label": {"0": "positive", "1": "positive"}}),
        ("config.json", {"id2label": {"zero": "negative", "one": "positive"}}),
        ("config.json", {"id2label": None, "num_labels": 10**9}),
        ("config.json", {"id2label": None, "num_labels": "2"}),
        ("config.json", {"pad_token_id": 10**6}),
        ("config.json", {"pad_token_id": -1}),
        ("config.json", {"pad_token_id": "[PAD]"}),
        ("config.json", {"max_position_embeddings": "512"}),
        ("tokenizer_config.json", {"model_max_length": "long"}),
        ("tokenizer_config.json", {"model_max_length": -5}),
        ("tokenizer_config.json", {"model_max_length": float("nan")}),
        ("tokenizer_config.json", {"unk_token": 7}),
        ("tokenizer_config.json", {"unk_token": "\ud800"}),
        ("tokenizer_config.json", {"unk_token": {"contents": "[UNK]"}}),
    ],
    ids=str,
)
def test_settings_of_a_classifier_that_are_none_are_named(copy, file, settings):
    change(copy / file, **settings)
    with pytest.raises(ModelError, match=next(iter(settings)) if len(settings) == 1 else "num_labels"):
        load_classifier(copy, positive_label=1)


def test_sizes_that_a_header_claims_beyond_its_file_are_refused(loader):
    folder, load = loader
    header = json.dumps({"a": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ModelError, match=r"model\.safetensors cannot be loaded"):
        load(folder)
    (folder / "model.safetensors").write_bytes((2**63).to_bytes(8, "little"))
    with pytest.raises(ModelError, match=r"model\.safetensors cannot be loaded"):
        load(folder)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_no_program_of_a_folder_runs_by_any_way(loader, monkeypatch, file, tmp_path):
    folder, load = loader
    seen = tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(seen)!r}, 'w').close()")
    change(folder / file, auto_map={"AutoConfig": "evil.A", "AutoModelForSequenceClassification": "evil.B"})
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked on standard input"))
    with pytest.raises(ModelError, match="asks to run programs"):
        load(folder)
    assert not seen.exists()


@pytest.mark.parametrize(
    "settings",
    [
        {"attn_implementation": "sdpa", "_attn_implementation": "kernels-community/x"},
        {"attn_implementation": "flash_attention_2"},
        {"text_config": {"_attn_implementation": "kernels-community/x"}},
        {"attn_implementation": {"": "sdpa", "text_config": "kernels-community/x"}},
        {"parts": [{"auto_map": {"AutoModel": "evil.A"}}]},
    ],
    ids=str,
)
def test_no_attention_is_fetched_from_the_hub(loader, settings):
    folder, load = loader
    change(folder / "config.json", **settings)
    with pytest.raises(ModelError, match="asks to run programs"):
        load(folder)


def test_an_attention_of_torch_is_no_program(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder, tmp_path / "own")
    change(folder / "config.json", attn_implementation="sdpa", _attn_implementation="eager")
    (folder / "checksums.json").unlink(missing_ok=True)
    assert load_classifier(folder).parameters == load_classifier(tiny_folder).parameters


def test_a_model_of_another_architecture_is_not_trained_further(bert_folder):
    with pytest.raises(ModelError, match="needed is a model of type electra; this is bert"):
        electra.open_classifier(bert_folder)


def test_a_model_that_is_no_classifier_is_named(tmp_path, tiny_tokenizer):
    pair = pairs.new_pair(tiny_tokenizer.get_vocab_size(), layers=1)
    pairs.save_pair(pair, tiny_tokenizer, tmp_path)
    for load in (electra.open_classifier, lambda folder: load_classifier(folder, positive_label=1)):
        with pytest.raises(ModelError, match=r"asks for: classifier\.|is a pair for replaced-token detection"):
            load(tmp_path)


def test_weights_that_are_cut_are_whole_again(tmp_path, tiny_folder, tiny_tokenizer):
    model = open_model(tiny_folder, "fp32")
    electra.save_classifier(model, tiny_tokenizer, tmp_path, seen_positions=512, largest_mb=0.05)
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    again = load_model(ElectraForSequenceClassification, tmp_path, cut=True).state_dict()
    assert all(torch.equal(again[name], value) for name, value in model.state_dict().items())
    with pytest.raises(ModelError, match="kosent-lab train package does"):
        load_classifier(tmp_path)


def test_a_model_that_cannot_answer_is_refused_when_it_is_loaded(bert_folder, tmp_path):
    folder = shutil.copytree(bert_folder, tmp_path / "bert")
    change(folder / "config.json", num_attention_heads=-1)
    with pytest.raises(ModelError, match="a model that cannot answer"):
        load_classifier(folder)


@pytest.fixture
def pair_folder(tmp_path, tiny_tokenizer):
    folder = tmp_path / "pair"
    pairs.save_pair(pairs.new_pair(tiny_tokenizer.get_vocab_size(), layers=1), tiny_tokenizer, folder)
    (folder / "checksums.json").unlink()
    return folder


@pytest.mark.parametrize(
    "settings",
    [
        {"num_hidden_layers": 10**9},
        {"hidden_size": 10**9},
        {"hidden_size": "64"},
        {"vocab_size": 5},
        {"num_attention_heads": 0},
        {"max_position_embeddings": "512"},
        {"auto_map": {"AutoConfig": "evil.A"}},
    ],
    ids=str,
)
def test_a_generator_that_does_not_fit_is_refused(pair_folder, settings):
    pairs.load_pair(pair_folder)
    change(pair_folder / pairs.GENERATOR_CONFIG, **settings)
    with pytest.raises(ModelError, match="generator"):
        pairs.load_pair(pair_folder)


def test_a_generator_takes_no_memory_for_what_it_shares(pair_folder):
    change(pair_folder / pairs.GENERATOR_CONFIG, type_vocab_size=10**12, max_position_embeddings=10**12)
    pair = pairs.load_pair(pair_folder)
    assert not any(parameter.is_meta for parameter in pair.parameters())


def test_a_generator_whose_weights_are_wrong_is_named(pair_folder):
    path = pair_folder / pairs.GENERATOR
    weights = load_file(path)
    name = sorted(weights)[0]
    for damage, message in (
        ({name: torch.full_like(weights[name], float("nan"))}, f"NaN or infinite: {name}"),
        ({"other": torch.ones(1)}, "no place for: other"),
        ({name: torch.ones(3, 3, 3)}, f"another shape than its config asks for: {name}"),
    ):
        save_file(weights | damage, path)
        with pytest.raises(ModelError, match=message):
            pairs.load_pair(pair_folder)
    save_file({key: value for key, value in weights.items() if key != name}, path)
    with pytest.raises(ModelError, match=f"lacks weights that its config asks for: {name}"):
        pairs.load_pair(pair_folder)


@pytest.mark.parametrize(
    "change_model",
    [
        lambda model: model["vocab"].update({"넘": 10**6}),
        lambda model: model["vocab"].pop("[UNK]"),
        lambda model: model.update(type="Other"),
        lambda model: model.update(vocab=[]),
        lambda model: model.update(max_input_chars_per_word=0),
        None,
    ],
)
def test_a_tokenizer_that_does_not_fit_its_model_is_refused(copy, change_model):
    content = json.loads((copy / "tokenizer.json").read_text("utf-8"))
    if change_model:
        change_model(content["model"])
    else:  # the library panics, which Python does not count among exceptions
        content["post_processor"]["special_tokens"] = {}
    (copy / "tokenizer.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(KosentError, match="tokenizer"):
        load_classifier(copy)


def test_a_folder_without_a_tokenizer_is_told_so(copy):
    for path in (*copy.glob("tokenizer*"), *copy.glob("vocab*")):
        path.unlink()
    with pytest.raises(ModelError, match="holds no tokenizer: save it beside the model"):
        load_classifier(copy)
