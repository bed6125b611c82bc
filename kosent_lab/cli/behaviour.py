"""``evaluate --task behaviour``: suites of what a model should do, several models side by side."""

from __future__ import annotations

import argparse
import logging

from kosent_lab.cli.options import open_classifier, print_result
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.places import local

logger = logging.getLogger(__name__)


def add_suite_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``--task behaviour``."""
    parser.add_argument(
        "--suite", nargs="+", action="extend", type=local, metavar="FILE",
        help="suites for --task behaviour; default: data/suites/*.toml",
    )  # fmt: skip
    parser.add_argument(
        "--beside", nargs="*", action="extend", metavar="MODEL",
        help="other models on the same texts: what they answer otherwise, and where; of --task behaviour also tfidf "
        "(the cheap rival, taught by the teaching text) and constant (the same answer to every text), and without "
        "--model by default the three-layer model and these two",
    )  # fmt: skip


def evaluate_behaviour(arguments: argparse.Namespace) -> None:
    """Print how often models fail the cases of suites."""
    from kosent_lab.behaviour import suite_scores
    from kosent_lab.behaviour.suites import read_suite, suite_files
    from kosent_lab.core.places import BUNDLED, BUNDLED_FOLDER
    from kosent_lab.models.classifier import load_classifier
    from kosent_lab.scoring.predict import classifier_function
    from kosent_lab.studies import suites

    tests = [test for path in arguments.suite or suite_files() for test in read_suite(path)]
    tests, not_run = suite_scores.without_reader(tests)
    if not_run:
        logger.warning("tests of particles are left out: %s", not_run)
    if not tests:
        raise DataError(f"no test can be run: {not_run}")
    cases = suite_scores.make_cases(tests, most=arguments.limit)
    beside = arguments.beside
    if beside is None:
        fast = BUNDLED_FOLDER.with_name(f"{BUNDLED}-fast")
        rivals = [*([str(fast)] if fast.is_dir() else []), suites.TFIDF, suites.CONSTANT]
        beside = rivals if arguments.model is None else []
    first = open_classifier(arguments)
    models = {first.model_id: classifier_function(first)}
    for name in beside:
        if name == suites.TFIDF:
            models[name] = suites.tfidf_function()
        elif name == suites.CONSTANT:
            models[name] = suites.always_the_same
        else:
            other = load_classifier(name, device=arguments.device, precision=arguments.precision)
            models[other.model_id] = classifier_function(other)
    scored = suites.compare_on_suites(cases, models)
    worst = suite_scores.worst_cases(scored[scored["model"] == first.model_id])
    print_result(suites.suites_result(scored, not_run=not_run, worst=worst), arguments.json)
