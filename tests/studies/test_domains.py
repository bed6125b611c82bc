import pandas as pd
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.studies import domains


@pytest.fixture
def answers(monkeypatch):
    """Answers as a learning curve gives them, without a model: right on the first 60 of 100 texts."""

    def curve(frame, *, sizes, **_):
        rows = frame.head(100)
        parts = [
            rows.assign(
                group=rows["doc_id"], draw=0, method=method, size=size, prob_1=0.5, correct=[n < 60 for n in range(100)]
            )
            for method, size in [("as it is", 0), *[("tfidf", size) for size in sizes if size]]
        ]
        return pd.concat(parts, ignore_index=True)

    monkeypatch.setattr(domains, "learning_curve", curve)


@pytest.fixture
def frame():
    texts = [f"글 {number} 번째" for number in range(160)]
    return pd.DataFrame({"doc_id": texts, "text": texts, "label": pd.array([0, 1] * 80, dtype="Int64")})


def test_every_domain_and_their_mean_stand_in_one_table(answers, frame, tmp_path):
    path = tmp_path / "kept.csv"
    table = domains.compare_domains({"a": frame, "b": frame}, sizes=[20], keep=path)
    assert table["data"].tolist() == ["a", "a", "b", "b", "mean of 2", "mean of 2"]
    assert table["accuracy"].tolist() == pytest.approx([0.6] * 6)
    assert table["auroc"].tolist() == [0.5] * 6
    assert pd.read_csv(path)["data"].tolist() == ["a", "a", "b", "b"]
    assert "mean of 1" not in domains.compare_domains({"a": frame}, sizes=[20])["data"].tolist()


def test_too_few_rows_in_the_last_domain_are_told_before_the_first_is_taught(frame, monkeypatch):
    monkeypatch.setattr(domains, "learning_curve", lambda *a, **k: pytest.fail("taught already"))
    with pytest.raises(DataError, match="leave 0 of 40 labelled texts to measure on"):
        domains.compare_domains({"a": frame, "b": frame.head(40)}, sizes=[100])
