"""Every number and address here is made up."""

import re
import time
import unicodedata

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kosent_lab.corpora import personal, personal_tables
from kosent_lab.corpora.personal import describe, find_by_pattern, find_personal, leave_out, mask_contacts, mask_text
from kosent_lab.corpora.personal_tables import count_personal, mask_frame
from kosent_lab.curation.personal_scores import read_marked
from tests.conftest import ROOT


def resident(front, back, *, foreign=False):
    """Return `front`-`back` with its check digit: the first twelve digits say nobody."""
    digits = [int(character) for character in front + back]
    total = sum(weight * digit for weight, digit in zip((2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), digits, strict=True))
    return f"{front}-{back}{((13 if foreign else 11) - total % 11) % 10}"


KNOWN = resident("000101", "300000")
WORDS = "ladder cotton vivid ozone drift panel rural hazard"


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("010-0000-0000", "phone", "010-0000-0000"),
        ("번호는 01000000000이에요", "phone", "01000000000"),
        ("010 0000 0000 으로", "phone", "010 0000 0000"),
        ("010.0000.0000", "phone", "010.0000.0000"),
        ("(010)0000-0000", "phone", "(010)0000-0000"),
        ("011-000-0000", "phone", "011-000-0000"),
        ("+82 10-0000-0000", "phone", "+82 10-0000-0000"),
        ("+82-(0)10-0000-0000", "phone", "+82-(0)10-0000-0000"),
        ("82-10-0000-0000", "phone", "82-10-0000-0000"),
        ("０１０－００００－００００", "phone", "０１０－００００－００００"),
        ("010–0000–0000", "phone", "010–0000–0000"),
        ("02-000-0000", "phone", "02-000-0000"),
        ("031) 000-0000", "phone", "031) 000-0000"),
        ("(02) 0000-0000", "phone", "(02) 0000-0000"),
        ("070-0000-0000", "phone", "070-0000-0000"),
        ("0505-000-0000", "phone", "0505-000-0000"),
        ("+82-2-000-0000", "phone", "+82-2-000-0000"),
        ("전화:010-0000-0000.", "phone", "010-0000-0000"),
        ("메일 nobody.at+x@mail.example.co.kr로", "mail", "nobody.at+x@mail.example.co.kr"),
        ("a@mail.example", "mail", "a@mail.example"),
        ("ａ＠mail．example 과 b＠mail．example", "mail", "b＠mail．example"),
        (KNOWN, "resident", KNOWN),
        (KNOWN.replace("-", ""), "resident", KNOWN.replace("-", "")),
        (KNOWN.replace("-", " - "), "resident", KNOWN.replace("-", " - ")),
        (resident("000101", "700000", foreign=True), "resident", resident("000101", "700000", foreign=True)),
        ("000101-3******", "resident", "000101-3******"),
        ("210101-3000000", "resident", "210101-3000000"),  # since October 2020 the last digit says nothing
        ("상품이 은하마을 1107동 902호 앞에", "address", "은하마을 1107동 902호"),  # a house that has a name
        ("입금하시면 충청남도 천안시 두레로 91, 204동 503호로", "address", "충청남도 천안시 두레로 91, 204동 503호"),
        ("192.0.2.15 는 매뉴얼에 나온", "ip", "192.0.2.15"),
        ("복구코드 1개만 남음: 7KQD-M2XV-99TB 쓰세요", "secret", "7KQD-M2XV-99TB"),
        (f"지갑 시드 {WORDS}", "secret", WORDS),
        ("관리자 핀 5582요", "secret", "5582"),
        ("jdbc:mysql://db/shop?user=a&password=Wk29ferry", "url", "jdbc:mysql://db/shop?user=a&password=Wk29ferry"),
        ("https://a.kr/r/9931?pin=4471 로", "url", "https://a.kr/r/9931?pin=4471"),
        (f"키 glpat-{'a1B2c3' * 4}이고", "secret", f"glpat-{'a1B2c3' * 4}"),  # a particle is none of a key's letters
    ],
)  # fmt: skip
def test_what_names_a_person_is_found(text, kind, found):
    assert [(f.kind, text[f.start : f.end]) for f in find_personal(text)] == [(kind, found)]


@pytest.mark.parametrize(
    "text",
    [
        "별점 5.0 ★★★★★ 4.5/5점, 10점 만점에 9점",
        "12,900원 1,010,123,456원 0.1234567890",
        "2024-01-15 2024.01.15 2024년 1월 15일 240115 14:30:59",
        "주문번호 20240115-0001234, 2024011500012345, 240115-000123, A010-1234, 1234-5678-9012",
        "010 재고 1000개 20000원",
        "모델 SM-G010N, 010-12-34",
        "운송장 612345678901, 6123-4567-8901, 5501012345678",
        "카드 1234-5678-9012-3456 운송장 110-123-456789",
        "대표번호 1588-0000",
        "@누구 #태그 a@b 좋아요@_@ ^@^ 3@5.5배",
        "000230-3000000",  # no such day
        "991301-1000000",  # no such month
        "000101-9000000",
        "0001013000000",  # thirteen digits, no check digit
        "290101-3000000",  # not born yet
        "ISBN 9791100000000, 8801234567890 바코드",
        "02-12-3456, 0212345678",
        "1.010.1234.5678",
        "우리 아파트 105동 1203호 윗집",  # nobody knows which house
        "지문 SHA256 4F:9A:20:C1:77:0B:E3:58",
        "변수명 pw 말고 password로 통일, sed 's/password=.*/password=__DB_PW__/'",
        '{"msg":"비밀번호 오류","traceId":"c1e08a77"}',
        "'12가3456' 형식으로, 문의는 help@example.com, name@EXAMPLE.org",
        "ㅋㅋㅋ 좋아요",
        "",
    ],
)  # fmt: skip
def test_what_names_nobody_is_left_alone(text):
    assert find_personal(text) == []
    assert mask_text(text) == text


def test_masking_hides_every_one_and_leaves_the_rest():
    text = f"좋아요 010-0000-0000, a@mail.example / {KNOWN}! 02-000-0000"
    assert mask_text(text) == "좋아요 [전화번호], [메일주소] / [주민등록번호]! [전화번호]"
    assert find_personal(mask_text(text)) == []


def test_a_table_is_masked_in_every_column_and_keeps_what_is_no_text():
    frame = pd.DataFrame(
        {
            "doc_id": ["010-0000-0000", "010-0000-0000", "c"],
            "text": ["a@mail.example", None, "좋아요"],
            "label": pd.array([1, 0, None], dtype="Int64"),
            "shop": pd.Categorical(["02-000-0000", "02-000-0001", "x"]),
            "tags": [["a@mail.example", 1], np.array(["b"]), None],
            "price": [1.5, 2.0, 3.0],
        },
        index=[5, 6, 7],
    )
    masked = mask_frame(frame, first=100)
    assert masked["doc_id"].tolist() == ["[전화번호]-100", "[전화번호]-101", "c"]
    assert masked["text"].tolist()[::2] == ["[메일주소]", "좋아요"]
    assert masked["text"].isna().tolist() == [False, True, False]
    assert masked["shop"].tolist() == ["[전화번호]", "[전화번호]", "x"]
    assert masked["tags"].iloc[0] == ["[메일주소]", 1]
    pd.testing.assert_frame_equal(masked[["label", "price"]], frame[["label", "price"]])
    assert frame["text"].iloc[0] == "a@mail.example"
    assert count_personal(frame) == {"phone": 4, "mail": 2}
    assert not count_personal(masked)
    assert describe(count_personal(frame)) == "2 mail addresses, 4 phone numbers"


@pytest.mark.parametrize(
    ("heading", "cell", "masked"),
    [
        ("계좌번호", "482736-04-127384", "[계좌번호]"),
        ("고객 여권번호", "M482A1935", "[여권번호]"),
        ("현관비밀번호", "3390*", "[비밀키]"),
        ("password", "Kx92!mma", "[비밀키]"),
        ("휴대폰", "1073824915", "[전화번호]"),  # a spreadsheet took its first zero
        ("주민등록번호", "210315-3482736", "[주민등록번호]"),
        ("주문번호", "482736-04-127384", "482736-04-127384"),
        ("휴대폰", "몰라요", "몰라요"),
    ],
)
def test_a_heading_tells_what_a_bare_value_is(heading, cell, masked):
    frame = pd.DataFrame({"text": ["좋다"], heading: [cell]})
    assert mask_frame(frame)[heading].tolist() == [masked]
    assert mask_frame(mask_frame(frame))[heading].tolist() == [masked]
    assert sum(count_personal(frame).values()) == (cell != masked)


@pytest.mark.parametrize("text", ["국민은행 482736-04-127384", "010-0000-0000", "비밀번호는 wq83!kd9"])
def test_decomposed_letters_and_spaces_of_web_pages_hide_nothing(text):
    decomposed = unicodedata.normalize("NFD", f"제 {text} 입니다")
    assert unicodedata.normalize("NFC", mask_text(decomposed)) == mask_text(f"제 {text} 입니다")
    assert find_personal(text.replace("-", "\u00a0").replace(" ", "\u00a0"))


def test_a_table_is_masked_in_numbers_bytes_and_headings_too():
    frame = pd.DataFrame(
        {
            "rrn": pd.array([int(resident("990101", "100000").replace("-", "")), 5, None], dtype="Int64"),
            "tel": [1000000000.0, np.nan, 0.5],
            "raw": pd.Series([b"010-0000-0000", b"\xff", None], dtype=pd.ArrowDtype(pa.binary())),
            "계좌": [["482736-04-127384"], [], None],
            "took": pd.to_timedelta([1, 2, 3], unit="h"),
            7: [1, 2, 3],
            "02-000-0000": [1, 2, 3],
            "02-000-0001": [4, 5, 6],
        }
    )
    masked = mask_frame(frame)
    assert list(masked.columns) == ["rrn", "tel", "raw", "계좌", "took", 7, "[전화번호]", "[전화번호].1"]
    assert masked["rrn"].isna().tolist() == [True, False, True]
    assert masked["tel"].isna().tolist() == [True, True, False]
    assert masked["raw"].tolist()[:2] == ["[전화번호]".encode(), b"\xff"]
    assert masked["계좌"].iloc[0] == ["[계좌번호]"]
    assert masked.dtypes.tolist() == frame.dtypes.tolist()
    assert count_personal(frame) == {"resident": 1, "phone": 2, "account": 1}
    assert not count_personal(masked)


@pytest.mark.parametrize(
    "unit",
    ["a", "1", "01", "010", "a@", "a.", "a@a.", "010-", "0 ", "(", "000101-", "+82", "1-", "가", "서울 ", "가시 "],
)
def test_no_text_takes_long(unit):
    def seconds(length):
        text = (unit * length)[:length]
        start = time.process_time()
        find_personal(text)
        return time.process_time() - start

    seconds(1_000)
    short, long = (min(seconds(length) for _ in range(3)) for length in (20_000, 80_000))
    assert long < max(0.05, 8 * short)


def test_no_hint_hides_what_a_pattern_would_find(monkeypatch):
    texts = read_marked(ROOT / "data/studies/personal-data.csv")["text"][::4]
    hinted = texts.map(find_by_pattern)
    monkeypatch.setattr(personal, "_HINTS", dict.fromkeys(personal._HINTS, re.compile("")))
    pd.testing.assert_series_equal(texts.map(find_by_pattern), hinted)


def test_the_pack_names_nobody(pack):
    assert not count_personal(pack)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([["연락", "010-0000-0000"], None]),
        pa.array([{"전화": "010-0000-0000"}, None]),
        pa.array(["010-0000-0000", None]).dictionary_encode(),
    ],
)
def test_columns_of_arrows_own_types_are_masked_and_keep_their_type(column):
    frame = pd.DataFrame({"tags": pd.Series(pd.array(column, dtype=pd.ArrowDtype(column.type)))})
    assert count_personal(frame) == {"phone": 1}
    masked = mask_frame(frame)
    assert masked["tags"].dtype == frame["tags"].dtype
    assert "0000" not in str(pa.array(masked["tags"]).to_pylist())
    assert "[전화번호]" in str(pa.array(masked["tags"]).to_pylist())


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("https://a.example/x;jsessionid=Z5SDKOKEAIBRKMKCFKVSI?tab=2 보세요", "url", None),
        ("https://a.example/ical/private-6586346813d0abdb5e361a/basic.ics", "url", None),
        ("https://a.example/d/8?signKey=1xbJYxnac2ETbkqrNhENrKG9 안 열려요", "url", None),
        ("도어락 비번 0000* 임", "secret", None),
        ("공동현관 #1234* 입니다", "secret", "#1234*"),
        ("공동현관비밀번호3776호출", "secret", "3776"),
        ("공유기 비번은 그대로 abcd12E0!", "secret", "abcd12E0!"),
        ("테스트 계정: qa03 / Abc9!defg", "secret", "Abc9!defg"),
        ("abcdef0707 이 비번 맞대요", "secret", "abcdef0707"),
        ("mysql -h db -u batch -pAbcdef09# 로 접속", "secret", "Abcdef09#"),
        ("면허 서울 00-000001-00 잃어버림", "driver", "서울 00-000001-00"),
        ("국민은행 000000-00-000001로 송금", "account", "000000-00-000001"),
        ("000-000-000001 케이뱅크로 보내래요", "account", "000-000-000001"),
        ("트럭은 00아 0001이고", "plate", "00아 0001"),
        ("서울시 없는구 없는로 00, 9단지 000동 000호", "address", "서울시 없는구 없는로 00, 9단지 000동 000호"),
        ("접속 10.20.3.41:8080", "ip", "10.20.3.41"),
        ("외부 주소가 2001:db8:e1a4:7b20::5c:91f로", "ip", "2001:db8:e1a4:7b20::5c:91f"),
        ("Node: worker-5/10.233.71.16 Ready", "ip", "10.233.71.16"),
        ("출차 기록, 카메라 10.0.12.6", "ip", "10.0.12.6"),
        ("bind 10.8.0.14", "ip", "10.8.0.14"),
        ("requirepass r3dis-Abcd-0001", "secret", "r3dis-Abcd-0001"),
        ('mysqli_connect("db", "shop", "abcdefgh_4900", "shopdb")', "secret", "abcdefgh_4900"),
        ("https://a.example/?autologin=Zx90pLm33Yq", "url", None),
        ("현대카드 377988-412605-314 로 결제", "card", "377988-412605-314"),
        ("한빛마루 0단지 000동 0001호", "address", "한빛마루 0단지 000동 0001호"),
        ("없는서로 00, 없는빌딩 0001호 회의실", "address", "없는서로 00, 없는빌딩 0001호"),
        ("연락(02-0000-0001)에서", "phone", "02-0000-0001"),
        ("(02)0000-0001 로", "phone", "(02)0000-0001"),
        ("서울00바0001번 택시가", "plate", "서울00바0001"),
        ("00마0001좀 빼주세요", "plate", "00마0001"),
        ("비밀번호 재설정은 https://a.example/reset?t=5vQx0aH7mR2d 에서", "url", None),
        ("curl -X POST https://hook.a.example/in/zz81-kk20/t0kq8w3vbb1m", "url", None),
        ("관리 화면은 abcdef!40으로 로그인하면 나옴", "secret", "abcdef!40"),
        ('ADMIN_PW="abcdw^ghror" 하드코딩', "secret", "abcdw^ghror"),
        ('패스프레이즈 "banana uyu hanjan 3" 로 서명', "secret", "banana uyu hanjan 3"),
        ("열 때 암호는 1012우리모두 가족들만", "secret", "1012우리모두"),
        ("택배함 비밀번호 7304번입니다", "secret", "7304"),
    ],
)  # fmt: skip
def test_what_opens_something_and_numbers_in_their_words(text, kind, found):
    got = [(f.kind, text[f.start : f.end]) for f in find_personal(text)]
    assert [one for one, _ in got] == [kind]
    if found:
        assert got == [(kind, found)]


@pytest.mark.parametrize(
    "text",
    [
        "예산은 26조6000억 원, 공동주택 4116호와 단독주택 84호",
        "호스트 마스크는 0.0.0.255, 커널 5.15.0.91, netty 4.1.107.2",
        "등기번호 1234-5678-90123 우체국에서 조회, 운송장번호 110-482-993017",
        "시작 토큰은 ast.parse()를 부르고 토큰은 start로, PKCS#5 암호",
        "http://user:pass@host:port/path, https://a.example/bill?billId=PRC_AM3ODN3UORGNW33VXEKX",
        "https://a.example/rooms?session=2024-summer&code=EARLYBIRD",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "AKIAIOSFODNN7EXAMPLE 는 예제 키, sk-ant-xxxxxxxxxxxxxxxx 형식",
        "SECRET_KEY = os.environ['A'], JWT_SECRET: \"replace-me\"",
        "git@github.com:a/b.git, icon@2x.png",
        "수료번호 13-24-000912-01 ~ 13-24-000955-44, 운전면허 안전교육",
        "차량번호 칸은 00가 0000 형식, 40수 1200가닥, 70도 1200rpm",
        "여권 필드 샘플은 M00000000",
        "부품번호 032-811-4470A, 법인등록번호 110111-1247156",
        "token = tokens[1]; auto token : res.first; prevToken = &token; Token::hangulCodaStart; key = arg[2:].lower()",
        "is_simd<ArchType::sse2>::addf, BasicToken은 uint32_t, 송금/ncn -9.68868412549692",
        "비밀번호는 8자 이상, 비번 4자리, 비밀번호 2024년, 비밀번호가 1234ㅋㅋ",
        "이체 내역 거래고유번호 20240520118834 국민은행, 판례 94다3421 참조",
        "서가 안내: 911마1180 은 한국사. 청구기호 순서대로",
        "펌웨어 올린 뒤 공유기가 느려요. 3.8.11.9로 되돌리는 법, use std::net; // fe::be::mod",
        "프린터 드라이버 6.1.20.4 설치, node 18.20.2.0, 손목 10.2.0.3 버전, 4.2.18.66 이하는 접속 차단",
        "접수 010-2024-0388 호, 별표 6의2 비밀번호판 규격 520mm×110mm",
        "도어락 후기 https://a.example/watch?v=b3kQzL0mT9x 보세요, GET /admin/orders?page=2 비번 화면",
        "잠금파일 sha512-Zk3vQ0pL7w9xT2mB8nR1yH5cD6fG4jS0aE3uI7oK9qW2eR5tY8uI1oP4a 충돌",
        "로그인 실패 reason=bad_password count=5 로그, 공개키 k8Rr2ZtQe0yLw7UuXc5VbN1mSaDfGhJk",
    ],
)
def test_what_only_looks_like_it_is_left(text):
    assert find_personal(text) == []


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("드릴께요.minjun@naver.com", "드릴께요.[메일주소]"),
        ("ㅠㅠminjun@hanmail.net", "ㅠㅠ[메일주소]"),
        ("minjun@네이버 로", "[메일주소] 로"),
        ("공일공-8392-0174", "[전화번호]"),
        ("공일공 이삼사오 육칠팔구요", "[전화번호]요"),
        ("O1O-2345-6789", "[전화번호]"),
        ("010/2345/6789", "[전화번호]"),
        ("010~8392~0174", "[전화번호]"),
        ("사이공 일공공 이삼사오", "사이공 일공공 이삼사오"),
        ("git@github.com:a/b", "git@github.com:a/b"),
    ],
)
def test_what_is_written_so_that_no_filter_sees_it_is_seen(text, masked):
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "010-2345-6789KT", "홍길동-010-2345-6789", "3.010-2345-6789", "010-2345-6789,500원", "0082-10-2345-6789",
        "1,010-2345-6789,300", "Tel:02-312-3456FAX:02-312-3457",
    ],
)  # fmt: skip
def test_a_telephone_number_with_hyphens_is_one_beside_anything(text):
    masked = mask_text(text)
    assert "[전화번호]" in masked
    assert not re.search(r"\d{4}-\d{4}|\d{3}-\d{4}", masked)


@pytest.mark.parametrize("text", ["2010-2345-6789", "A-010-2345-6789", "010-2345-67890"])
def test_a_code_that_holds_one_is_left_alone(text):
    assert mask_text(text) == text


@pytest.mark.parametrize("before", [
    "주문번호 20241103-0048, ", "고객번호 1234567, ", "고객번호: ", "회원번호 ", "예약번호 ", "접수번호 ", "환자번호 ",
    "문의번호 ", "쿠폰번호 77123, ", "계약번호 L-1 → ", "민원번호 2024-11, ", "강좌코드 A12, ", "예) ",
])  # fmt: skip
@pytest.mark.parametrize("number", ["010-0000-0000", "940217-1048216", "4579-7310-0284-7716"])
def test_the_number_of_a_thing_hides_no_number_of_a_person_behind_it(before, number):
    assert number not in mask_text(f"{before}{number} 입니다")


def test_thirteen_digits_with_their_check_digit_are_somebodys_whatever_stands_before():
    assert mask_text("주문번호 9402171048216") == "주문번호 [주민등록번호]"


@pytest.mark.parametrize(
    "text", ["주문번호 010-0000-0000", "상품번호 010-2231-7745, 010-2231-7746", "펌웨어 10.2.11.4 → 10.2.12.0"]
)
def test_a_list_of_things_is_none_of_persons(text):
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "line", ["로그인 admin1 ", "비번: abc12 비번은 xyz99! ", "010-0000-0000 국민 123456-04-123456 "]
)
def test_a_long_line_is_read_a_few_times_however_much_is_found(line, monkeypatch):
    read = []
    once = personal._find_once
    monkeypatch.setattr(personal, "_find_once", lambda text: read.append(len(text)) or once(text))
    text = line * (4_000 // len(line))
    masked = mask_text(text)
    assert sum(read) < 40 * len(text)
    assert mask_text(masked) == masked
    assert masked.count("[") > 100


def test_what_shows_one_behind_the_other_is_read_around_each(monkeypatch):
    once = personal._find_once

    def read(length):
        read = []
        monkeypatch.setattr(personal, "_find_once", lambda text: read.append(len(text)) or once(text))
        assert len(personal.find_personal("12가3456," * length)) == length
        return sum(read)

    assert read(400) < 2.5 * read(200)


def test_numbers_are_told_by_their_heading():
    frame = pd.DataFrame(
        {
            "계좌번호": [48273604127384, 12], "mobile": [821000000000, 1000000000], "주민번호": [102034123456, 1],
            "비밀번호": [48217, 12], "주문": [48273604127384, 5],
        }
    )  # fmt: skip
    masked = personal_tables.mask_frame(frame)
    assert masked[["계좌번호", "mobile", "주민번호", "비밀번호"]].iloc[0].isna().all()
    assert masked["주문"].tolist() == frame["주문"].tolist()
    counts = {"account": 1, "phone": 2, "resident": 1, "secret": 1}
    assert dict(personal_tables.count_personal(frame)) == counts
    fields = [{"계좌번호": 48273604127384, "비밀번호": "48217", "phone": 1000000000, "n": 3}]
    assert personal_tables.mask_value(fields) == [{"계좌번호": None, "비밀번호": "[비밀키]", "phone": None, "n": 3}]


@pytest.mark.parametrize("text", [
    "⓪①⓪-⓪⓪⓪⓪-⓪⓪⓪⓪", "010:0000:0000", "010\t0000\t0000", "010--0000--0000", "카뱅 3333 047719284",
    "신한 110-482771638", "우리은행 1002/482/771638", "국민이요 482701-04-127384", "주민번호 앞 940217 뒤 1048216",
    "dubu82골뱅이네이버",
])  # fmt: skip
def test_numbers_as_people_write_them_are_found(text):
    assert not re.search(r"\d{4}|[⓪①]|dubu", mask_text(text))


def test_a_message_quotes_no_number_and_no_address():
    said = mask_contacts(
        "row 0 has '문의 010-0000-0000 a@mail.example'; --revision 0123456789abcdef0123456789abcdef01234567"
    )
    assert said == "row 0 has '문의 [전화번호] [메일주소]'; --revision 0123456789abcdef0123456789abcdef01234567"


def test_a_vocabulary_is_learnt_of_nobodys_number():
    assert leave_out("팀장 010-0000-0000 문의, [메일주소]로") == "팀장 문의, 로"


@pytest.mark.parametrize(("number", "heading"), [(212345678, "tel"), (311234567, "전화번호"), (21234567, "연락처")])
def test_a_landline_in_a_column_of_numbers_is_one_without_its_zero(number, heading):
    frame = pd.DataFrame({heading: [number, 7], "n": [number, 7]})
    assert count_personal(frame) == {"phone": 1}
    masked = mask_frame(frame)
    assert masked[heading].isna().tolist() == [True, False]
    assert masked["n"].tolist() == [number, 7]
