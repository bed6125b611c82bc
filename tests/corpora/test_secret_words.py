import numpy as np
import pytest

from kosent_lab.core.exceptions import ModelError, NotAvailableError
from kosent_lab.corpora.personal import find_by_pattern, find_personal, mask_text
from kosent_lab.corpora.secret_words import SIZE, SecretWords, candidates, load_secret_words
from kosent_lab.curation.personal_scores import PARTS, read_marked


def words(text):
    return [text[start:end] for start, end in candidates(text)]


def test_candidates_are_words_about_a_password_without_label_and_particle():
    assert words("와이파이는 sunny_day99이고 pw=q1w2e3 비번은 가나다") == ["sunny_day99", "q1w2e3"]
    assert words("영화 Avengers4 재밌다") == []  # nothing around it speaks of one
    assert words("password = q1w2e3r4") == []  # code without Hangul is for the patterns
    far = "비번 " + "가 " * 100 + "q1w2e3"
    assert words(far) == []


def test_a_long_text_is_read_in_reasonable_steps():
    text = "비번은 q1w2e3r4, " * 3_000
    assert len(find_personal(text)) == 3_000


def test_the_model_finds_what_no_pattern_does_and_masks_it():
    text = "스터디카페 와이파이 이름은 study5g 이고 비번 물어보니까 hanbada_1717 이래요"
    assert not find_by_pattern("카페 와이파이는 latte-art-77 이거 쓰면 돼요")
    assert mask_text("카페 와이파이는 latte-art-77 이거 쓰면 돼요") == "카페 와이파이는 [비밀키] 이거 쓰면 돼요"
    assert "study5g" in mask_text(text)
    assert "hanbada_1717" not in mask_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "와이파이6E 공유기 AX11000 로그인 화면이 안 떠요",
        "비밀번호는 8자리 이상 영문과 숫자로 정하세요",
        "비번을 잊은 회원 5500명 가운데 1204명이 다시 로그인했다",
        "로그인 페이지는 Bookstore2Universal 프로젝트에 있습니다",
        "키 168cm에 55kg인데 M95 입으면 맞을까요",
        "모바일 입력 주문은 USD12.2m로 평가되었다",
        "2010년 1/4분기에 보안 부문이 전년 동기 대비 늘었다",
        "재접속 1000번을 해도 안 된다",
    ],
)
def test_what_only_stands_beside_such_words_is_left(text):
    assert not find_personal(text)


def test_what_is_taken_is_not_looked_at():
    model = SecretWords(np.zeros(SIZE, np.float32), bias=1.0, threshold=0.0)
    text = "비번 q1w2e3 그리고 a9b8c7"
    assert [text[slice(*one)] for one in model.find(text, [])] == ["a9b8c7", "q1w2e3"]
    assert [text[slice(*one)] for one in model.find(text, [(3, 9)])] == ["a9b8c7"]


def test_a_model_that_is_not_there_or_is_none_is_told(tmp_path):
    with pytest.raises(NotAvailableError, match=r"is missing. Teach it: kosent-lab train secrets"):
        load_secret_words(tmp_path)
    (tmp_path / "secret_words.safetensors").write_bytes(b"no")
    with pytest.raises(ModelError, match="is no model of secrets"):
        load_secret_words(tmp_path)


def test_a_masked_text_holds_nothing_more_to_mask():
    for path in PARTS.values():
        for text in read_marked(path)["text"]:
            masked = mask_text(text)
            assert not find_personal(masked)
            assert mask_text(masked) == masked
