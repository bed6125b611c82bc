"""One text cannot hang the rest: work on a text four times as long is at most about four times the work."""

import re
import time
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from kosent_lab.behaviour import particles
from kosent_lab.core import hangul, josa
from kosent_lab.core.schema import label_word
from kosent_lab.core.script import is_hardly_korean
from kosent_lab.corpora.personal import find_personal
from kosent_lab.corpora.reading import plain_name
from kosent_lab.korean.morphology import read_eojeol
from kosent_lab.tokenization.boundaries import add_particles, eojeol_frame
from kosent_lab.tokenization.cutters import UNITS, as_cutter

# what is repeated: particles that can be split in many ways, runs of one kind, what is composed, what parts words
UNITS_OF_TEXT = {
    "particles": "이나", "stacked": "에서는", "wrong": "이나힣", "laughter": "ㅋ", "syllable": "가", "latin": "a",
    "capitals": "aB", "digits": "1", "mixed": "가1", "foreign": '1은"', "quotes": '"', "stops": ".", "url": "a.b/",
    "accents": "a\u0301", "marks": "\u0301\u0316", "double marks": "\u0f73", "decomposed": "\u1100\u1161\u11ab",
    "vowels": "\u1161", "emoji": "👍", "joined": "👩\u200d", "thai": "ก็", "chinese": "漢", "spaces": " ", "lines": "\n",
    "words": "a ", "eojeol": "영화는 ", "controls": "\x01", "no spaces": "재미있는영화를보았다",
}  # fmt: skip
FACTOR, FLOOR = 8, 0.3  # of 4 times the length; seconds that are too few to compare, and to matter


def adversarial(unit, length):
    return ("가" + unit * (length // len(unit) + 1))[: length - 1] + "힣"


def seconds(work, text):
    start = time.process_time()
    work(text)
    return time.process_time() - start


def check_linear(work, unit, length):
    """Fail where the work outgrows the text; runs are repeated only where one looks as if it did."""
    short = long = float("inf")
    for _ in range(4):
        short = min(short, seconds(work, adversarial(unit, length)))
        long = min(long, seconds(work, adversarial(unit, 4 * length)))
        if long < max(FLOOR, FACTOR * short):
            return
    pytest.fail(f"{4 * length:,} characters take {long:.2f} s, {length:,} take {short:.2f} s")


@pytest.fixture(scope="module")
def cutters(tiny_tokenizer):
    spaced = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    spaced.pre_tokenizer = pre_tokenizers.Split(" ", "isolated")  # a piece of its own for every space
    return [as_cutter(tiny_tokenizer), as_cutter(spaced), *map(as_cutter, UNITS)]


@pytest.mark.parametrize("unit", UNITS_OF_TEXT.values(), ids=UNITS_OF_TEXT)
def test_letters_and_particles_take_time_by_length(unit):
    for work in (
        hangul.clean_text,
        hangul.compose,
        hangul.fold_text,
        plain_name,
        label_word,
        lambda text: is_hardly_korean([text]),
        josa.split_josa,
        josa.final_sound,
        lambda text: josa.fuse_finals([*text, "ㄴ"]),
        lambda text: josa.fuse_finals(["에", "ㄴ"] * (len(text) // 2)),
        lambda text: josa.josa_agrees(text, "은"),
    ):
        check_linear(work, unit, 20_000)


@pytest.mark.parametrize("unit", UNITS_OF_TEXT.values(), ids=UNITS_OF_TEXT)
def test_pieces_take_time_by_length(cutters, unit):
    for cutter in cutters:
        check_linear(lambda text, cutter=cutter: eojeol_frame(["a"], [text], cutter), unit, 8_000)


@pytest.mark.parametrize("unit", UNITS_OF_TEXT.values(), ids=UNITS_OF_TEXT)
def test_reading_takes_time_by_length(unit):
    def read(text):
        add_particles(eojeol_frame(["a"], [text], "syllables"), read_eojeol(["a"], [text]))

    check_linear(read, unit, 5_000)


# what a program's file holds in one line, what a list of persons holds, what a password may begin with
PERSONAL = {"json": '"ab":"cd",', "signs": "a+", "keys": "a1!", "numbers": "010-2345-6789 ", "mails": "a@b.kr ",
            "addresses": "10.1.2.3 ", "urls": "https://a.kr/?a=1 ", "commas": "a1,"}  # fmt: skip


@pytest.mark.parametrize("unit", [*UNITS_OF_TEXT.values(), *PERSONAL.values()], ids=[*UNITS_OF_TEXT, *PERSONAL])
def test_personal_data_takes_time_by_length(unit):
    check_linear(find_personal, unit, 10_000)
    check_linear(lambda text: find_personal(f"{text}\n비밀번호 1, IP 주소, 계좌, password, 현관"), unit, 10_000)


def test_a_run_of_particles_that_is_none_is_refused_at_once():
    assert josa.split_josa("이나" * 22 + "힣") is None
    assert josa.split_josa("이나" * 50_000) == ["이나"] * 50_000
    assert josa.final_sound("a" * 100_000 + "…") is None


def test_a_long_word_is_read_in_parts_that_keep_their_places():
    word = "재미있는영화를보았다" * 1_000
    read = read_eojeol(["a"], [f"참 {word} 좋다"])
    assert read["eojeol"].tolist() == ["참", word, "좋다"]
    starts = read["morpheme_starts"].iloc[1]
    assert starts == sorted(set(starts))
    assert min(starts) == 2
    assert 2 + 9_980 < max(starts) < 2 + len(word)
    assert unicodedata.normalize("NFC", read["stem"].iloc[0]) == "참"


@pytest.mark.parametrize("kind", ["delete", "split", "join"])
def test_a_control_is_found_in_time_by_length(kind):
    def perturb(text):
        frame = pd.DataFrame({"doc_id": ["a"], "text": [text]})
        assert len(particles.perturb(frame, read_eojeol(["a"], [text]), kind, control="any")) == 1

    check_linear(perturb, " 영화는 재미 있다 ", 5_000)


# what is composed there is one letter, one syllable or one particle
COMPOSED_SHORT = {"core/hangul.py", "korean/josa_scores.py", "tokenization/cutters.py"}


def test_texts_are_composed_by_to_nfc_alone():
    package = Path(hangul.__file__).parents[1]
    calls = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"unicodedata\.normalize|str\.normalize", path.read_text("utf-8"))
    }
    assert calls == COMPOSED_SHORT
