import subprocess
import sys
import unicodedata

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kosent_lab.core.exceptions import NotAvailableError
from kosent_lab.core.hangul import compose, to_nfc
from kosent_lab.core.josa import JOSA, choose_form, fuse_finals, split_josa
from kosent_lab.korean import morphology, readings
from kosent_lab.korean.morphology import read_eojeol, read_morphemes
from tests.conftest import ROOT


def read(text):
    return read_eojeol(["a"], [text])


@pytest.mark.parametrize(
    ("text", "stem", "josa", "tags"),
    [
        ("영화관에서는 조용했다", "영화관", "에서는", "JKB+JX"),
        ("재미조차 없었다", "재미", "조차", "JX"),
        ("가족까지도 좋아했다", "가족", "까지도", "JX+JX"),
        ("중에선 최고다", "중", "에선", "JKB+JX"),
        ('"연기가" 좋다', '"연기', "가", "JKS"),
        (["비율", "30%는", "크다"][1] + " 크다", "30%", "는", "JX"),
        ("CGV를 갔다", "CGV", "를", "JKO"),
        # what Kiwi takes for nouns, copulas and verbs
        ("영화은 재미있다", "영화", "은", "JX"),
        ("중국에은 없다", "중국", "에은", "JKB+JX"),
        ("소포이 왔다", "소포", "이", "JKS"),
        ("운동화하고 옷을 샀다", "운동화", "하고", "JC"),
        ("후기대로 좋다", "후기", "대로", "JX"),
        ("내가 갔다", "내", "가", "JKS"),
        ("사람가 많다", "사람", "가", "JKS"),
        ("음식가 맛있다", "음식", "가", "JKS"),
        ("집로 갔다", "집", "로", "JKB"),
        ("사람를 봤다", "사람", "를", "JKO"),
        ("맛는 좋다", "맛", "는", "JX"),
        ("음식와 술", "음식", "와", "JC"),
        ("배우과 감독", "배우", "과", "JC"),
        ("음식랑 술", "음식", "랑", "JC"),
        ("배우이랑 갔다", "배우", "이랑", "JC"),
        ("이거라도 사자", "이거", "라도", "JX"),
        ("물이라도 줘", "물", "이라도", "JX"),
        ("친구든 좋다", "친구", "든", "JX"),
        ("👍가 많다", "👍", "가", "JKS"),
        ("ㅠㅠ가 나온다", "ㅠㅠ", "가", "JKS"),
        ("영화ㅋㅋ는 좋다", "영화ㅋㅋ", "는", "JX"),
        # 만 judges where no sentence closes before it
        ("지루하기만 했다", "지루하기", "만", "JX"),
        ("봐야만 한다", "봐야", "만", "JX"),
        ("재밌지만은 않았다", "재밌지", "만은", "JX+JX"),
        # behind what is not Hangul
        ("롤24가 좋다", "롤24", "가", "JKS"),
        ("1:1로 물었다", "1:1", "로", "JKB"),
        ("#반어법'을 썼다", "#반어법'", "을", "JKO"),
    ],
)
def test_stem_and_particles(text, stem, josa, tags):
    row = read(text).iloc[0]
    assert (row["stem"], row["josa"], row["josa_tag"]) == (stem, josa, tags)
    assert text[row["josa_start"] : row["josa_end"]] == josa


@pytest.mark.parametrize(
    "text",
    [
        "너무 좋네요",
        "재미있습니다만 길다",
        "좋다만 길다",
        "좋지만 길다",
        "빨리",
        "ㅋㅋㅋ",
        "72만 명",
        "10도 아래",
        "요리하고 청소했다",
        "“됐다”는 말",
        "갈걸 그랬다",
        "진작 볼껄",
        "재미있는걸요",
        "먹을걸요!",
        "배우며 감독이다",
    ],
)
def test_what_holds_no_particle(text):
    row = read(text).iloc[-1 if text == "너무 좋네요" else 0]
    assert row["josa"] == ""
    assert pd.isna(row["josa_start"])
    assert row["stem"] == row["eojeol"]


@pytest.mark.parametrize(
    ("text", "stems", "josa"),
    [
        ("음식이며 서비스며 다 좋다", ["음식", "서비스"], ["이며", "며"]),
        ("연기며, 연출이며 좋다", ["연기", "연출"], ["며", "이며"]),
        ("돈 주고 본걸 후회", ["돈", "주고", "본걸"], ["", "", "ㄹ"]),
    ],
)
def test_what_is_listed_or_written_close_has_its_particles(text, stems, josa):
    rows = read(text).iloc[: len(stems)]
    assert (rows["stem"].tolist(), rows["josa"].tolist()) == (stems, josa)


def test_a_name_of_two_words_keeps_its_particle():
    assert read("스티브 카렐은 배우")[["stem", "josa"]].iloc[1].tolist() == ["카렐", "은"]


def test_a_fused_particle_has_no_characters_of_its_own():
    row = read("난 좋았다").iloc[0]
    assert (row["josa"], row["stem"]) == ("ㄴ", "난")
    assert pd.isna(row["josa_start"])


@pytest.mark.parametrize(
    ("text", "agrees"), [("영화는 좋다", True), ("책를 샀다", False), ("서울로 갔다", True), ("맛도 좋다", None)]
)
def test_agreement_is_marked(text, agrees):
    found = read(text).iloc[0]["agrees"]
    assert pd.isna(found) if agrees is None else found == agrees


def test_decomposed_text_is_read_alike_with_its_own_offsets():
    text = "영화관에서는 재미가 있었다"
    plain, apart = read(text), read(unicodedata.normalize("NFD", text))
    assert plain["josa_tag"].tolist() == apart["josa_tag"].tolist()
    long = unicodedata.normalize("NFD", text)
    row = apart.iloc[0]
    assert unicodedata.normalize("NFC", long[row["josa_start"] : row["josa_end"]]) == "에서는"


@pytest.mark.parametrize("text", ["", "   ", "only English", "ㅠㅠ", "\ud800", "가" * 10_000, "\0\u202e좋다"])
def test_any_text_can_be_read(text):
    table = read(text)
    assert len(table) == len(text.split())


# whatever people write: Hangul, letters, jamo apart and together, digits, marks, spaces
_LETTERS = [*"가나다영화재미는을를이가에서도로의요ㅋㅠabZ7%()'\".^~ \t", "\u1100", "\u1161", "\u11ab", "é", "😀"]
_TEXTS = st.text(
    alphabet=st.sampled_from(_LETTERS),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(_TEXTS)
def test_offsets_rebuild_the_text(text):
    table = read(text)
    for row in table.itertuples():
        assert text[row.start : row.end] == row.eojeol
        if not pd.isna(row.josa_start):
            assert row.start < row.josa_start < row.josa_end <= row.end
            assert to_nfc(text[row.start : row.josa_start]) == row.stem
            assert to_nfc(text[row.josa_start : row.josa_end]) == row.josa
    covered = "".join(text[row.start : row.end] for row in table.itertuples())
    assert covered == "".join(text.split())


@pytest.mark.parametrize("josa", ["은", "를", "에서", "한테는", "에는", "도", "만", "부터"])
@pytest.mark.parametrize("noun", ["음식", "저", "영화"])
def test_a_particle_stays_before_what_makes_it_polite(noun, josa):
    josa = choose_form(noun, {"를": "을"}.get(josa, josa))
    row = read(f"{noun}{josa}요 그랬어요").iloc[0]
    assert (row.stem, row.josa) == (noun, josa + "요")


@pytest.mark.parametrize("josa", ["는", "를", "가", "도", "만", "에서"])
@pytest.mark.parametrize("stem", ["100%", "3℃", "5★", "영화★", "ㅠㅠ", "5kg"])
def test_a_particle_behind_a_sign_is_whole(stem, josa):
    row = read(f"{stem}{josa} 있다").iloc[0]
    assert (row.stem, row.josa) == (stem, josa)


@pytest.mark.parametrize("said", ["“최고”라고", "'반전'이라고", '"좋다"라고'])
def test_what_marks_a_quotation_behind_a_closing_mark_is_a_particle(said):
    row = read(said).iloc[0]
    assert (row.josa.removeprefix("이"), row.josa_tag) == ("라고", "JKQ")


def test_a_particle_begins_where_a_morpheme_does(pack):
    table = read_eojeol(pack["doc_id"], pack["text"])
    own = table[table["josa_start"].notna()]
    outside = [row.eojeol for row in own.itertuples() if row.josa_start not in row.morpheme_starts]
    assert len(outside) <= 2, outside
    single = own[own["josa"].isin(JOSA)]
    parted = [r.eojeol for r in single.itertuples() if any(r.josa_start < at < r.josa_end for at in r.morpheme_starts)]
    assert not parted


def test_decomposed_texts_are_read_as_composed_ones():
    text = "영화는 음식이라도 100%를 서울에선 난 좋아요"
    one, other = (read(unicodedata.normalize(form, text)) for form in ("NFC", "NFD"))
    same = ["stem", "josa", "josa_tag", "eomi", "agrees", "morpheme_tags"]
    pd.testing.assert_frame_equal(one[same], other[same])


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=30))
def test_composing_keeps_the_way_back(text):
    composed, offsets = compose(text)
    assert unicodedata.normalize("NFC", composed) == unicodedata.normalize("NFC", text)
    assert len(offsets) == len(composed) + 1
    assert offsets == sorted(offsets)
    assert offsets[-1] == len(text)


def test_runs_of_particles_are_split():
    assert split_josa("에서부터는") == ["에서", "부터", "는"]
    assert split_josa("관에서") is None
    assert fuse_finals(["에게", "ㄴ"]) == "에겐"
    assert fuse_finals(["책", "ㄴ"]) == "책ㄴ"  # no room for another final


def test_morphemes_carry_their_places():
    found = read_morphemes(["재미가 있었다"])[0]
    assert [m.form for m in found if m.is_josa] == ["가"]
    assert [m.form for m in found if m.is_ending] == ["었", "다"]


def test_the_pack_is_read_as_a_person_reads_it(pack):
    """200 eojeol of the pack, drawn at random and checked by hand (data/studies/eojeol-by-hand.csv)."""
    gold = pd.read_csv(ROOT / "data" / "studies" / "eojeol-by-hand.csv", keep_default_na=False)
    rows = pack[pack["doc_id"].isin(gold["doc_id"])]
    both = gold.merge(read_eojeol(rows["doc_id"], rows["text"]), on=["doc_id", "eojeol_index"], suffixes=("", "_read"))
    assert len(both) == len(gold) == 200
    assert (both["eojeol"] == both["eojeol_read"]).all()
    assert (both["josa"] == both["josa_read"]).all()
    assert (both["stem"] == both["stem_read"]).all()
    assert (both["eomi"] != both["eomi_read"]).sum() == 4  # 지웁니다아 has none, 종이접기 has one


def test_without_kiwi_the_message_names_the_install(monkeypatch):
    morphology.analyser.cache_clear()
    monkeypatch.setitem(sys.modules, "kiwipiepy", None)
    with pytest.raises(NotAvailableError, match="pip install kiwipiepy"):
        read("재미가")
    morphology.analyser.cache_clear()


def test_kiwi_is_loaded_once_whatever_the_workers_and_never_for_nothing(monkeypatch, tmp_path):
    import kiwipiepy

    loaded, kiwi = [], kiwipiepy.Kiwi
    monkeypatch.setattr(kiwipiepy, "Kiwi", lambda **options: loaded.append(options) or kiwi(**options))
    morphology.analyser.cache_clear()
    with readings.use_store(tmp_path / "store.sqlite"):
        assert read_morphemes([]) == []
        assert read_morphemes(["", "  "]) == [[], []]
        assert len(readings.read_cached(["a"], [""])) == 0
        assert loaded == []
        by_threads = [readings.read_cached(["a"], [f"영화{n}는 좋다"], workers=n) for n in (1, 2, 3)]
        one, more = (read_morphemes(["영화는 좋다", "재미가 없다"], workers=n) for n in (1, 4))
    assert len(loaded) == 1
    assert one == more
    assert [table["josa"].tolist() for table in by_threads] == [["는", ""]] * 3
    morphology.analyser.cache_clear()


def test_kept_readings_need_no_kiwi_in_a_new_process(tmp_path):
    path = tmp_path / "store.sqlite"
    program = (
        "import sys; from pathlib import Path; from kosent_lab.korean import readings\n"
        f"with readings.use_store(Path({str(path)!r})): print(len(readings.read_cached(['a'], ['영화는 좋다'])))\n"
        "print('kiwipiepy' in sys.modules)"
    )
    runs = [subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in "ab"]
    assert [run.stdout.split() for run in runs] == [["2", "True"], ["2", "False"]]


@pytest.mark.parametrize(
    ("text", "josa"),
    [
        ("한번만이라도 봐 주세요", "만이라도"), ("집에서라도 봐", "에서라도"), ("연기까지라도", "까지라도"),
        ("영화든가 책이든가", "든가"), ("음식는 맛있는데 비싸요", "는"), ("이불가 얇아요", "가"),
        ("치수으로 주문", "으로"),
        ("아는 사람", ""), ("우는 아이", ""), ("여는 시간", ""), ("나는 간다", "는"), ("문의해도 답", ""),
    ],
)  # fmt: skip
def test_particles_behind_particles_in_wrong_forms_and_none_of_verbs(text, josa):
    assert read_eojeol(["a"], [text])["josa"].iloc[0] == josa
