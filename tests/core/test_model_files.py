"""A model folder is looked at before anything of it is loaded, and its id follows from all that counts."""

import hashlib
import json
import os
import shutil
import subprocess
import sys

import pytest

from kosent_lab.core import model_files
from kosent_lab.core.exceptions import ModelError


@pytest.fixture
def copy(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "tiny")


def change(path, **settings):
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | settings), "utf-8")


def test_a_folder_as_it_is_written_holds(copy):
    model_files.check_folder(copy)
    assert model_files.weight_files(copy) == [copy / "model.safetensors"]


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
@pytest.mark.parametrize(
    "asked",
    [
        {"auto_map": {"AutoConfig": "evil.Config", "AutoTokenizer": ["evil.T", None]}},
        {"auto_map": "evil.Config"},
        {"custom_pipelines": {"x": {"impl": "evil.P"}}},
        {"attn_implementation": "someone/kernel"},
    ],
)
def test_a_folder_that_asks_for_a_program_is_refused(copy, file, asked):
    (copy / "checksums.json").unlink()
    change(copy / file, **asked)
    with pytest.raises(ModelError, match=rf"{file} asks to run programs that come with the model"):
        model_files.check_folder(copy)


@pytest.mark.parametrize("content", ["[]", "1", "null", '"config"', "{", "", "[" * 100_000, "\udcff"])
def test_settings_that_are_no_object_are_refused(copy, content):
    (copy / "checksums.json").unlink()
    (copy / "config.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match=r"config\.json (cannot be read|holds no settings)"):
        model_files.check_folder(copy)


@pytest.mark.parametrize("name", ["vocab.txt", "calibration.json", "tokenizer.2.json", "generator.safetensors"])
def test_a_file_that_is_read_must_stand_in_the_checksums(copy, name):
    (copy / name).write_text("{}")
    with pytest.raises(ModelError, match=rf"{name} does not stand in checksums\.json"):
        model_files.check_folder(copy)
    model_files.write_checksums(copy)
    model_files.check_folder(copy)


def test_a_file_that_is_not_read_needs_no_checksum(copy):
    (copy / "notes.txt").write_text("ours")
    (copy / "metrics.jsonl").write_text("{}")
    model_files.check_folder(copy)


def test_checksums_name_no_file_elsewhere(copy):
    change(copy / "checksums.json", **{"../other.json": "0" * 64})
    with pytest.raises(ModelError, match=r"names a file outside its folder: '\.\./other\.json'"):
        model_files.check_folder(copy)


def test_a_tokenizer_alone_is_checked_without_the_weights(copy):
    (copy / "model.safetensors").write_bytes(b"other")
    model_files.check_folder(copy, weights=False)
    with pytest.raises(ModelError, match=r"model\.safetensors is missing, cut off or changed"):
        model_files.check_folder(copy)
    (copy / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json is missing, cut off or changed"):
        model_files.check_folder(copy, weights=False)


@pytest.mark.parametrize("name", ["../a.safetensors", "/a.safetensors", "a\\b.safetensors", "a.bin", "", None, 3, "\0"])
def test_an_index_leads_to_no_other_folder(copy, name):
    (copy / "model.safetensors").rename(copy.parent / "a.safetensors")
    (copy / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"w": name}}))
    with pytest.raises(ModelError, match="weights are safetensors files of the folder itself"):
        model_files.weight_files(copy, cut=True)


@pytest.mark.parametrize("content", ["{}", '{"weight_map": []}', '{"weight_map": {}}', "[]"])
def test_an_index_without_names_is_refused(copy, content):
    (copy / "model.safetensors").unlink()
    (copy / "model.safetensors.index.json").write_text(content)
    with pytest.raises(ModelError, match="names no weights|holds no settings"):
        model_files.weight_files(copy, cut=True)


def test_an_index_whose_files_are_not_all_there_is_refused(copy):
    (copy / "model.safetensors").rename(copy / "model-1.safetensors")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"lacks weights that its index names: model-2\.safetensors"):
        model_files.weight_files(copy, cut=True)


@pytest.mark.parametrize("name", ["../other.safetensors", "other.safetensors", "adapter_model.bin"])
def test_a_config_that_takes_its_weights_elsewhere_is_refused(copy, name):
    change(copy / "config.json", transformers_weights=name)
    with pytest.raises(ModelError, match="takes its weights from"):
        model_files.weight_files(copy)


def test_an_adapter_alone_is_refused(copy):
    (copy / "adapter_config.json").write_text('{"base_model_name_or_path": "someone/model"}')
    with pytest.raises(ModelError, match="holds an adapter, whose model lies elsewhere"):
        model_files.weight_files(copy)


def test_the_id_follows_from_all_that_the_logits_follow_from(copy):
    first = model_files.model_id("m", copy)
    seen = {first}
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors", "vocab.txt"):
        path = copy / name
        path.write_bytes((path.read_bytes() if path.exists() else b"") + b" ")
        seen.add(model_files.model_id("m", copy))
    assert len(seen) == 6
    # nothing else counts
    last = model_files.model_id("m", copy)
    for name in ("MODEL_CARD.md", "calibration.json", "checksums.json", "notes.txt"):
        (copy / name).write_text("{}")
    assert model_files.model_id("m", copy) == last


def test_the_id_can_be_computed_by_hand_and_needs_no_order(copy, tmp_path):
    names = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    lines = "".join(f"{hashlib.sha256((copy / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    expected = f"m@{hashlib.sha256(lines.encode()).hexdigest()[:12]}"
    other = tmp_path / "other"
    other.mkdir()
    for name in reversed(names):  # written in another order, linked as the Hub's cache does
        os.symlink(copy / name, other / name)
    assert model_files.model_id("m", copy) == model_files.model_id("m", other) == expected


def test_the_bundled_id_needs_no_torch():
    program = "import sys; from kosent_lab.scoring.saved import bundled_id; bundled_id(); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_a_model_folder_is_refused_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "tokenizer_config.json")
    with pytest.raises(ModelError, match="tokenizer_config.json is no file"):
        model_files.check_folder(tmp_path)


def test_the_folder_of_a_run_is_told_from_its_model(tmp_path):
    (tmp_path / "run/model").mkdir(parents=True)
    with pytest.raises(ModelError, match=r"there is no .*config.json\. Copy or fetch it again"):
        model_files.read_settings(tmp_path / "run/config.json")
    (tmp_path / "run/model/config.json").write_text("{}")
    with pytest.raises(ModelError, match="run is a run; its model is .*run/model"):
        model_files.read_settings(tmp_path / "run/config.json")
