"""What the Hub's cache holds is taken when it is whole."""

import huggingface_hub
import pytest

from kosent_lab.core import network


@pytest.mark.parametrize(
    ("held", "weights", "enough"),
    [
        (["config.json"], True, False),
        (["config.json"], False, True),
        (["tokenizer.json"], False, False),
        (["config.json", "model.safetensors"], True, True),
    ],
)
def test_a_snapshot_that_lacks_files_is_fetched_again(tmp_path, monkeypatch, held, weights, enough):
    for name in held:
        (tmp_path / name).write_text("{}", "utf-8")
    asked = []

    def snapshot(name, *, local_files_only=False, **options):
        asked.append(local_files_only)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    monkeypatch.setattr(network, "check_reachable", lambda *args, **options: None)
    assert network.hub_snapshot("a/b", "0" * 40, weights) == tmp_path
    assert asked == ([True] if enough else [True, False])
