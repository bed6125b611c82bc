"""Wings import wings above them alone, rooms the rooms above; the reading wings start without torch."""

import ast
import importlib
import inspect
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "kosent_lab"
# every wing with its rooms, from what all build on to what all ends in; imports go up this list alone
HOUSE = {
    "core": [
        "exceptions", "hangul", "schema", "held_out", "printable", "script", "josa", "intervals", "shares",
        "many", "auroc", "columns", "files",
        "locks", "formulas", "toml_lines",
        "folders", "jobs", "model_files", "network", "hub", "places",
    ],
    "figures": ["theme"],
    "corpora": [
        "cards", "proofs", "nsmc", "store", "splits", "personal_checks", "recogniser",
        "address_recogniser", "key_recognisers", "secret_recognisers", "recognisers", "secret_words", "personal",
        "reading", "personal_tables", "labels", "separated", "workbooks", "readers", "documents",
        "nearness", "pretraining_text",
    ],
    "curation": [
        "shingles", "minhash", "duplicates", "identity", "languages", "licences", "stated_licences", "reuse",
        "licence_metadata", "licence_evidence", "copyright",
        "folders", "git", "repositories", "archives", "heritage", "registry", "optout", "quality", "engines", "outcome",
        "personal_step", "steps",
        "snapshots", "scanner", "recipe", "documents", "lineage", "changes", "notices", "data_card", "croissant",
        "inquiry", "build",
        "personal_scores", "secret_training", "presidio",
        "duplicate_scores",
    ],
    "korean": [
        "morphemes", "mending", "eojeol", "morphology", "readings", "treebanks", "josa_scores", "grammar",
        "conjugation", "sentences",
    ],
    "tokenization": ["vocabularies", "cutters", "unknown", "tokenizers", "boundaries", "plots"],
    "calibration": [
        "outcomes", "cells", "likelihood", "metrics", "resampling", "summary", "reliability", "temperature",
        "families", "calibrators", "calibrator_comparison", "priors", "unseen",
        "calibrator_choice", "unreachable", "abstention", "rejection", "conformal", "plots",
    ],
    "errors": [
        "slices", "slice_tests", "slice_search", "cells", "hard_cases", "pairs", "comparison", "three_way",
        "readings", "tags", "plots",
    ],
    "models": ["devices", "sizes", "lean", "folders", "storage", "classifier", "three_way", "electra", "pairs",
               "corruption"],
    "scoring": ["answers", "encode", "predict", "csv_out", "shard_files", "finished", "shards", "saved", "replaced",
                "states", "plots"],
    "behaviour": [
        "controls", "particles", "effects", "suspicion", "perturbations", "templates", "suites", "suite_scores",
        "attribution", "faithfulness", "shifts", "coloured_text", "cues", "plots",
    ],
    "training": [
        "options", "schedule", "optimizers", "acceleration", "throughput", "checkpoints", "loop", "batches", "resident",
        "vectors", "encoded", "pretraining", "validation", "targets", "finetuning",
        "baseline", "labelled", "teaching", "packed", "recipe", "packaging", "pieces", "distillation", "three_way",
    ],
    "studies": [
        "kept", "particles", "draws", "lines", "curves", "transfer", "domains", "speed", "cutting_speed",
        "training_speed", "startup", "calibration_speed", "rejectors", "suites", "three_way", "attribution",
        "label_noise", "error_speed", "corpus_speed",
        "notebooks", "plots",
    ],
    "results": [
        "answers", "measured", "numbers", "markdown", "names", "model_tables", "domain_tables", "study_tables",
        "calibration_tables", "rejector_tables", "measured_tables", "corpus_tables", "neutral_tables", "error_tables",
        "behaviour_tables", "headlines",
        "pages",
    ],
    "report": [
        "words", "by_label", "assessment", "evaluation", "written", "named", "sentences", "layout", "model_view",
        "parts", "sections", "text_sections", "model_sections", "reading_section", "page",
    ],
    "widgets": ["controls", "threshold", "reliability", "tokens", "errors", "detection"],
    "cli": [
        "actions", "options", "outputs", "train_options", "console", "crashes", "report", "behaviour", "finders",
        "score", "tokens", "data", "wishes", "corpus", "train", "pretrain", "finetune", "pack", "recipe", "study",
        "results", "lab", "parser",
    ],
}  # fmt: skip
# imported by the modules of these wings and of those below them, never above
WITH_TORCH = ["models", "scoring", "behaviour", "training", "studies"]
READING = ["core", "figures", "corpora", "curation", "korean", "tokenization", "calibration", "errors"]
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE and path.name != "__init__.py")


def place(path):
    wing, room = path.relative_to(PACKAGE).with_suffix("").parts
    return wing, room


def kosent_imports(path):
    """Return (wing, room or None) for every import of the package's own modules, wherever it stands."""
    tree = ast.parse(path.read_text("utf-8"))
    found = []
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "kosent_lab":
            names = [f"{node.module}.{name}" for name in names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "kosent_lab" and len(parts) > 1 and parts[1] in HOUSE:
                room = parts[2] if len(parts) > 2 and parts[2] in HOUSE[parts[1]] else None
                found.append((parts[1], room))
    return found


def prose():
    """Every page and module with what it says: pages whole, modules without their code's strings."""
    pages = [ROOT / name for name in ("README.md", "README.ko.md", "CONTRIBUTING.md")]
    for path in [
        *pages,
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "notebooks").glob("*.ipynb")),
        *MODULES,
    ]:
        yield path, path.read_text("utf-8")


def in_a_fresh_process(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()


def test_every_module_has_its_room():
    """A new folder or file is not exempt by being new."""
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py"}
    assert {place(path) for path in MODULES} == {(wing, room) for wing, rooms in HOUSE.items() for room in rooms}
    assert {path.parent.name for path in PACKAGE.rglob("__init__.py")} == {"kosent_lab", *HOUSE}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: f"{p.parent.name}.{p.stem}")
def test_imports_go_up(path):
    wing, room = place(path)
    order = list(HOUSE)
    for other, other_room in kosent_imports(path):
        if other != wing:
            assert order.index(other) < order.index(wing), f"{wing}.{room} imports {other}"
        elif other_room is None:
            pytest.fail(f"{wing}.{room} imports its own wing, and so any room of it")
        else:
            rooms = HOUSE[wing]
            assert rooms.index(other_room) < rooms.index(room), f"{wing}.{room} imports {other_room}"


def test_a_command_says_how_it_is_used_without_a_table():
    """`kosent-lab --help`, and every option that is refused: a tenth of a second."""
    program = "import sys; from kosent_lab.cli.parser import build_parser; build_parser(); print(*sys.modules)"
    assert not {"pandas", "numpy", "torch", "requests", "pooch", "matplotlib"} & set(in_a_fresh_process(program))


def test_torch_is_imported_from_models_down_alone():
    users = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if {name.split(".")[0] for name in names} & {"torch", "transformers"}:
                users.add(place(path)[0])
    assert users <= set(WITH_TORCH)


@pytest.mark.parametrize("wing", READING)
def test_a_reading_wing_loads_no_torch(wing):
    """Every name that the wing exports and every room of it, in a process of its own."""
    program = (
        f"import sys, importlib, kosent_lab.{wing} as wing\n"
        "for name in wing.__all__: getattr(wing, name)\n"
        f"for room in {HOUSE[wing]!r}: importlib.import_module(f'kosent_lab.{wing}.' + room)\n"
        "print(*{'torch', 'transformers'} & set(sys.modules))"
    )
    assert in_a_fresh_process(program) == []


def test_command_line_starts_without_what_is_heavy():
    heavy = "{'torch', 'transformers', 'matplotlib', 'scipy', 'sklearn', 'kiwipiepy'}"
    program = f"import sys; from kosent_lab.cli import main; print(*{heavy} & set(sys.modules))"
    assert in_a_fresh_process(program) == []


@pytest.mark.parametrize("wing", [wing for wing in HOUSE if wing != "cli"])
def test_what_a_wing_exports_is_there(wing):
    module = __import__(f"kosent_lab.{wing}", fromlist=["*"])
    for name in module.__all__:
        assert getattr(module, name) is not None
        # a function is never hidden by the room of its own name
        assert name not in HOUSE[wing], f"{wing}.{name} is a room and an export"


@pytest.mark.parametrize("wing", [wing for wing in HOUSE if wing != "cli"])
def test_what_a_wing_exports_takes_paths_by_their_strings(wing):
    exported = importlib.import_module(f"kosent_lab.{wing}")
    for name in exported.__all__:
        function = getattr(exported, name)
        if inspect.isfunction(function):
            kinds = [str(one.annotation) for one in inspect.signature(function).parameters.values()]
            assert not [kind for kind in kinds if "Path" in kind and "str" not in kind], (name, kinds)


def test_no_module_is_longer_than_three_hundred_lines():
    long = {
        str(path.relative_to(ROOT)): n for path in MODULES if (n := len(path.read_text("utf-8").splitlines())) > 300
    }
    assert long == {}


def test_nothing_unsafe_is_loaded():
    for path in MODULES:
        source = path.read_text("utf-8")
        for word in ("torch.load(", "pickle.load", "yaml.load("):
            assert word not in source, f"{path.name} uses {word}"


def test_folders_are_opened_in_one_place_and_without_their_programs():
    """Without ``trust_remote_code=False`` transformers asks on standard input whether to run what a folder holds."""
    for path in MODULES:
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = call.func.attr if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""
            if name in ("from_pretrained", "from_config"):
                said = [key.value.value for key in call.keywords if key.arg == "trust_remote_code"]
                assert (place(path), said) == (("models", "folders"), [False]), f"{path.name}: {name}"
            if name == "from_file":
                assert place(path) == ("tokenization", "tokenizers"), f"{path.name} opens a tokenizer by itself"


def test_the_rooms_that_prose_names_are_there():
    """A renamed room is renamed in docstrings, pages and notebooks too."""
    wings = "|".join(HOUSE)
    named = re.compile(rf"`(?:kosent_lab[/.])?({wings})([./])(?!html|json)([a-z_]+)(?:\.py)?`")  # report.html is a file
    missing = []
    for path, text in prose():
        for wing, slash, room in named.findall(text):
            exported = slash == "." and hasattr(importlib.import_module(f"kosent_lab.{wing}"), room)
            if room not in HOUSE[wing] and not exported and not (PACKAGE / wing / room).exists():
                missing.append(f"{path.relative_to(ROOT)}: {wing}{slash}{room}")
    assert missing == []
