"""Lower layers never import higher ones, modules of one layer never each other; only some import torch."""

import ast
import subprocess
import sys

import pytest
from conftest import ROOT

LAYERS = {
    "schema": 0,
    "hangul": 0,
    "morphology": 1,
    "network": 1,
    "nsmc": 1,
    "devices": 1,
    "optimizers": 2,
    "schedule": 1,
    "vectors": 1,
    "controls": 1,
    "cli_options": 1,
    "predictions": 1,
    "cards": 1,
    "checkpoints": 1,
    "corpora": 2,
    "readings": 2,
    "perturbation": 2,
    "comparison": 3,
    "splits": 3,
    "vocabularies": 3,
    "pieces": 3,
    "tokenization": 4,
    "calibration": 3,
    "documents": 4,
    "treebanks": 4,
    "errors": 4,
    "abstention": 4,
    "baseline": 4,
    "plots": 4,
    "inference": 4,
    "model": 4,
    "predict": 5,
    "narrative": 5,
    "electra": 5,
    "shelf": 5,
    "piece_plots": 5,
    "transfer_plots": 5,
    "unlabelled": 5,
    "batches": 6,
    "training": 6,
    "pairs": 6,
    "scoring": 6,
    "ablation": 6,
    "evaluation": 6,
    "scored": 6,
    "sections": 6,
    "finetuning": 7,
    "pretraining": 7,
    "detection": 8,
    "training_bench": 8,
    "transfer": 8,
    "detective": 9,
    "studies": 7,
    "explorer": 7,
    "widgets": 7,
    "notebooks": 7,
    "report": 7,
    "bench": 7,
    "commands": 8,
    "train_commands": 9,
    "lab_commands": 9,
    "study_commands": 9,
    "finetune_commands": 10,
    "cli_train": 11,
    "cli": 12,
}
USES_TORCH = {
    "devices", "optimizers", "batches", "checkpoints", "inference", "model", "electra", "predict", "pairs", "training",
    "finetuning", "pretraining", "detection", "bench", "training_bench",
}  # fmt: skip
MODULES = sorted((ROOT / "kosent_lab").glob("*.py"))


def imports(path):
    """Return (module, is it at the top of the file) of every import."""
    tree = ast.parse(path.read_text("utf-8"))
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "kosent_lab":
            yield from ((f"kosent_lab.{alias.name}", id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module, id(node) in top


def test_every_module_has_a_layer():
    assert {path.stem for path in MODULES} - {"__init__"} == set(LAYERS)


@pytest.mark.parametrize("path", [p for p in MODULES if p.stem != "__init__"], ids=lambda p: p.stem)
def test_imports_go_down(path):
    for name, _ in imports(path):
        if name.startswith("kosent_lab.") and name.split(".")[1] in LAYERS:
            other = name.split(".")[1]
            assert LAYERS[other] < LAYERS[path.stem], f"{path.stem} imports {other}"


def test_only_model_code_imports_torch():
    users = {path.stem for path in MODULES for name, _ in imports(path) if name.split(".")[0] == "torch"}
    assert users == USES_TORCH


def test_command_line_starts_without_torch():
    program = "import sys, kosent_lab.cli; print(*{'torch', 'transformers', 'matplotlib'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_nothing_unsafe_is_loaded():
    for path in MODULES:
        source = path.read_text("utf-8")
        for word in ("torch.load(", "pickle.load", "trust_remote_code", "yaml.load("):
            assert word not in source, f"{path.name} uses {word}"
