import pandas as pd
import pytest

from kosent_lab import morphology, treebanks
from kosent_lab.schema import DataError


def tokens(*rows, text):
    table = pd.DataFrame(rows, columns=["form", "lemma", "xpos"])
    return table.assign(sent_id="s", text=[text] + [None] * (len(rows) - 1), misc=None)


def test_gold_particles_by_hand():
    table = tokens(
        ("집에선", "집+에서+ㄴ", "NNG+JKB+JX"),
        ("내", "나+의", "NP+JKG"),
        ("책이", "책+이", "NNG+JKS"),
        ("좋네요", "좋+네+요", "VA+EF+JX"),
        (".", ".", "SF"),
        ("나의", "나+의", "NP+JKG"),
        ("오류", "오+류+x", "NNG"),
        text="집에선 내 책이 좋네요. 나의 오류",
    )
    gold = treebanks.gold_eojeol(table)
    assert gold["eojeol"].tolist() == ["집에선", "내", "책이", "좋네요.", "나의", "오류"]
    assert gold["josa"].tolist() == ["에선", "", "이", "", "의", ""]
    assert gold["readable"].tolist() == [True] * 5 + [False]


def test_tokens_that_are_not_in_the_text_are_left_out():
    gold = treebanks.gold_eojeol(tokens(("책을", "책+을", "NNG+JKO"), text="책 을 산다"))
    assert not gold["readable"].any()


def test_scores_by_hand():
    gold = pd.DataFrame({"doc_id": ["a", "a", "b", "b"], "eojeol_index": [0, 1, 0, 1], "eojeol": list("wxyz")})
    gold = gold.assign(josa=["은", "", "이", "를"], readable=[True, True, True, False])
    read = gold.assign(josa=["은", "도", "", "를"], josa_start=pd.array([1, 1, None, 1], dtype="Int64"))
    scores = treebanks.score_josa(gold, read, resamples=0).set_index("metric")["value"]
    # found 은 and a wrong 도, missed 이; the last eojeol cannot be read
    assert scores.to_dict() == pytest.approx({"precision": 1 / 2, "recall": 1 / 2, "f1": 1 / 2})


@pytest.mark.corpora
def test_an_unknown_treebank_lists_what_there_is():
    with pytest.raises(DataError, match=r"no split 'test' of a treebank 'klue_dp'; there are .*'klue_dp': \['dev'\]"):
        treebanks.load_treebank("klue_dp", "test")


@pytest.mark.corpora
@pytest.mark.parametrize(("name", "split", "floor"), [("gsd", "test", 0.975), ("ksl", "test", 0.975)])
def test_particles_are_found_as_the_treebank_has_them(name, split, floor):
    rows = treebanks.load_treebank(name, split)
    texts = rows.groupby("sent_id", sort=False)["text"].first()
    gold, read = treebanks.gold_eojeol(rows), morphology.read_eojeol(texts.index, texts.tolist())
    assert gold[["doc_id", "eojeol"]].equals(read[["doc_id", "eojeol"]])
    scores = treebanks.score_josa(gold, read, resamples=0).set_index("metric")["value"]
    assert scores["f1"] > floor
