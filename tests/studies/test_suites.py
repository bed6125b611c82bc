import json

import pytest

from kosent_lab.behaviour import suite_scores, suites
from kosent_lab.studies.suites import compare_on_suites, failure_differences, suites_result


@pytest.fixture(scope="module")
def cases():
    tests = [test for test in suites.read_suite(suites.SUITES_FOLDER / "negation.toml")]
    return suite_scores.make_cases(tests, most=20)


def test_models_are_held_against_the_first_on_the_same_cases(cases):
    models = {"yes": lambda texts: [0.9] * len(texts), "no": lambda texts: [0.1] * len(texts)}
    scored = compare_on_suites(cases, models)
    assert scored["model"].value_counts().to_dict() == {"yes": len(cases), "no": len(cases)}
    row = failure_differences(scored).iloc[0]
    label = cases.groupby("test")["label"].first()  # each test is of one label, and counts the same
    # "yes" fails the negative tests, "no" the positive ones
    assert row["difference"] == pytest.approx(((label == 1).sum() - (label == 0).sum()) / len(label))
    assert row["ci_low"] < row["difference"] < row["ci_high"]
    result = suites_result(scored, worst=suite_scores.worst_cases(scored[scored["model"] == "yes"]))
    assert result["tests"] == cases["test"].nunique()
    assert result["failure_rate"]["yes"]["mft"]["rate"] == pytest.approx((label == 0).mean())
    assert json.loads(json.dumps(result, allow_nan=False))["cases"] == len(cases)
