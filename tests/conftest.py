"""A tiny model, a blocked network, and the marks of tests that need the downloaded corpora."""

import socket
from pathlib import Path

import pandas as pd
import pytest
import torch
from transformers import ElectraConfig, ElectraForSequenceClassification

from kosent_lab import corpora
from kosent_lab.corpora import cards
from kosent_lab.models import electra
from kosent_lab.models.classifier import load_classifier
from kosent_lab.tokenization import vocabularies

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise OSError(f"tests stay on this machine; refused {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    """Keep what a test fetches out of the user's cache folder."""
    monkeypatch.setenv("KOSENT_CACHE", str(tmp_path / "cache"))


def pytest_collection_modifyitems(items):
    """Skip a test where a corpus that it names (or is given, as ``card`` or ``name``) is not on this machine."""
    here = {card.name: cards.is_present(card) for card in cards.list_cards()}
    for item in items:
        for mark in item.iter_markers("corpora"):
            given = item.callspec.params if hasattr(item, "callspec") else {}
            names = [getattr(given.get(name, name), "name", given.get(name, name)) for name in mark.args]
            if not names:
                raise pytest.UsageError(f"{item.nodeid}: name the corpora that it needs: corpora('nsmc')")
            if missing := [name for name in names if not here[name]]:
                item.add_marker(pytest.mark.skip(reason=f"{', '.join(missing)} is not here (set KOSENT_DATA)"))


@pytest.fixture(scope="session")
def pack() -> pd.DataFrame:
    return corpora.load_corpus("kosent-pack")


@pytest.fixture(scope="session")
def nsmc() -> pd.DataFrame:
    return corpora.load_corpus("nsmc")


@pytest.fixture(scope="session")
def tiny_tokenizer(pack):
    return vocabularies.train_vocabulary(pack["text"], size=800, min_count=2)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory, tiny_tokenizer) -> Path:
    """A two-layer random ELECTRA, saved as every model folder is."""
    torch.manual_seed(7)
    config = ElectraConfig(
        vocab_size=tiny_tokenizer.get_vocab_size(),
        embedding_size=16,
        hidden_size=32,
        intermediate_size=64,
        num_attention_heads=2,
        num_hidden_layers=2,
        id2label={0: "negative", 1: "positive"},
        initializer_range=0.3,
    )
    folder = tmp_path_factory.mktemp("models") / "tiny"
    electra.save_classifier(ElectraForSequenceClassification(config), tiny_tokenizer, folder, seen_positions=512)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder):
    return load_classifier(tiny_folder, device="cpu")


@pytest.fixture
def scored() -> pd.DataFrame:
    """A prediction frame of 400 rows whose confidence is known to be too high."""
    import numpy as np

    from kosent_lab.scoring.answers import add_predictions

    random = np.random.default_rng(5)
    margin = random.normal(0, 3, 400)
    label = (random.random(400) < 1 / (1 + np.exp(-margin / 2))).astype(int)
    frame = pd.DataFrame(
        {
            "doc_id": [f"d{i}" for i in range(400)],
            "text": [f"{i}번째 글" for i in range(400)],
            "label": pd.array(label, dtype="Int64"),
        }
    )
    logits = np.stack([-margin / 2, margin / 2], axis=1)
    return add_predictions(frame, logits).assign(
        n_tokens=3, n_unknown=0, truncated=False, model_id="known", polarity=""
    )
