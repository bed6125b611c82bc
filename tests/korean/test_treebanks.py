import pandas as pd
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.korean import josa_scores, morphology, treebanks
from tests.conftest import ROOT


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
    # 내 is tagged as 나 + 의, and 요 after an ending as a particle
    assert gold["josa_as_tagged"].tolist() == ["에선", "의", "이", "요", "의", ""]
    assert gold["readable"].tolist() == [True] * 5 + [False]


def test_tokens_that_are_not_in_the_text_are_left_out():
    gold = treebanks.gold_eojeol(tokens(("책을", "책+을", "NNG+JKO"), text="책 을 산다"))
    assert not gold["readable"].any()


def test_scores_by_hand():
    gold = pd.DataFrame({"doc_id": ["a", "a", "b", "b"], "eojeol_index": [0, 1, 0, 1], "eojeol": list("wxyz")})
    gold = gold.assign(josa=["은", "", "이", "를"], readable=[True, True, True, False], tags="NNG+JX", eomi="")
    gold["josa_as_tagged"] = gold["josa"]
    read = gold.assign(josa=["은", "도", "", "를"], josa_start=pd.array([1, 1, None, 1], dtype="Int64"))
    scores = josa_scores.score_josa(gold, read, resamples=0).set_index("metric")["value"]
    # found 은 and a wrong 도, missed 이; the last eojeol cannot be read
    measured = {"precision": 1 / 2, "recall": 1 / 2, "f1": 1 / 2}
    assert scores.to_dict() == pytest.approx(measured | {f"{name}_as_tagged": v for name, v in measured.items()})


def test_notation_costs_what_is_not_undone():
    gold = pd.DataFrame({"doc_id": "a", "eojeol_index": [0, 1], "eojeol": ["책은요", "책을"], "josa": ["은요", "을"]})
    gold = gold.assign(josa_as_tagged=gold["josa"], readable=True, tags="NNG+JX", in_sample=True)
    read = gold[["doc_id", "eojeol_index"]].assign(
        josa=["은", "을"], josa_start=pd.array([1, 1], dtype="Int64"), eomi=""
    )
    scores = josa_scores.score_josa(gold, read, resamples=5).set_index("metric")
    assert scores.loc[["f1", "f1_as_tagged"], "value"].tolist() == [1.0, 0.5]
    assert scores["params"].str.contains("rules made on these sentences").all()
    assert scores.loc["f1_as_tagged", "params"].startswith("surface of each eojeol, as tagged")


def test_splits_that_the_rules_were_made_on_are_known():
    rows = tokens(("책이", "책+이", "NNG+JKS"), text="책이").assign(treebank="klue_dp", official_split="dev")
    assert treebanks.gold_eojeol(rows)["in_sample"].tolist() == [True]
    assert treebanks.gold_eojeol(rows.assign(treebank="kaist"))["in_sample"].tolist() == [False]


@pytest.mark.corpora("ud_korean")
def test_an_unknown_treebank_lists_what_there_is():
    with pytest.raises(DataError, match=r"no split 'test' of a treebank 'klue_dp'; there are .*'klue_dp': \['dev'\]"):
        treebanks.load_treebank("klue_dp", "test")


@pytest.mark.corpora("ud_korean")
@pytest.mark.parametrize(("name", "split", "floor"), [("gsd", "test", 0.985), ("ksl", "test", 0.983)])
def test_particles_are_found_as_the_treebank_has_them(name, split, floor):
    rows = treebanks.load_treebank(name, split)
    texts = rows.groupby("sent_id", sort=False)["text"].first()
    gold, read = treebanks.gold_eojeol(rows), morphology.read_eojeol(texts.index, texts.tolist())
    assert gold[["doc_id", "eojeol"]].equals(read[["doc_id", "eojeol"]])
    scores = josa_scores.score_josa(gold, read, resamples=0).set_index("metric")["value"]
    assert scores["f1"] > floor
    assert 0.94 < scores["f1_as_tagged"] < scores["f1"]  # undoing notation is worth something, and not much


@pytest.mark.corpora("kiwi_disambiguation")
def test_homographs_are_read_as_far_as_they_are():
    frame = treebanks.load_corpus("kiwi_disambiguation")
    table = josa_scores.score_homographs(frame, morphology.read_morphemes(frame["text"])).set_index("metric")
    assert table.loc["accuracy_all", "n"] == 510
    assert table.loc["accuracy_all", "value"] > 0.81
    assert table.loc["accuracy_nouns", "value"] > 0.91


def test_homographs_by_hand():
    frame = pd.DataFrame({"type": ["a", "a"], "gold_morpheme": ["걷", "종이"], "gold_tag": ["VV", "NNG"]})
    found = [[morphology.Morpheme("걷", "VV-I", 0, 1)], [morphology.Morpheme("종", "NNG", 0, 1)]]
    assert josa_scores.score_homographs(frame, found)["value"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("josa", "eojeol", "plain"),
    [
        ("보단", "책보단", "보다는"),
        ("에겐", "나에겐", "에게는"),
        ("ㄴ", "난", "는"),
        ("라는", "모모라는", "라는"),
        ("는요", "저는요", "는"),
        ("나", "너무나", ""),
        ("만", "뿐만", ""),
        ("만", "책만", "만"),
    ],
)
def test_notation_is_undone(josa, eojeol, plain):
    assert josa_scores._undo(josa, eojeol) == plain


def test_the_classes_of_what_remains_belong_to_rows_of_the_treebanks():
    table = pd.read_csv(ROOT / "data" / "studies" / "josa-errors.csv")
    assert set(table["class"]) == {"gold", "notation", "ours"}
    assert table.groupby("treebank").size().to_dict() == {"gsd": 48, "klue_dp": 95, "ksl": 47}


def test_tags_of_pud_are_its_own():
    tokens = pd.DataFrame(
        [
            ("a", "시험에도 “좋다”라고 했고 게임과 말을 않은", "시험에", "시험", "NN+CM", "MSeg=시험-에|SpaceAfter=No"),
            ("a", None, "도", "도", "AP", None),
            ("a", None, "“", "“", "``", "SpaceAfter=No"),
            ("a", None, "좋다", "좋다", "JJ", "SpaceAfter=No"),
            ("a", None, "”", "”", "''", "SpaceAfter=No"),
            ("a", None, "라고", "라고", "QP", None),
            ("a", None, "했고", "하", "VV", None),
            ("a", None, "게임과", "게임", "NN+CP", "MSeg=게임-과"),
            ("a", None, "말을", "말", "NN+CM", "MSeg=말-을"),
            ("a", None, "않은", "않", "JX", None),
        ],
        columns=["sent_id", "text", "form", "lemma", "xpos", "misc"],
    )
    gold = treebanks.gold_eojeol(tokens)
    assert gold["readable"].all()
    assert gold["josa"].tolist() == ["에도", "라고", "", "과", "을", ""]
