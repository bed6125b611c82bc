import base64
import re
import string
import sys

import pandas as pd
import pytest

from kosent_lab import report
from kosent_lab.calibration.calibrators import Temperature
from kosent_lab.core.schema import DataError
from kosent_lab.korean import morphology
from kosent_lab.report import sentences
from kosent_lab.scoring.predict import predict_frame

FIELDS = string.Formatter()


@pytest.fixture(scope="module")
def facts(tiny):
    return report.ModelFacts(tiny.model_id, tiny.parameters, "fp32", "cpu", tiny.tokenizer.backend_tokenizer)


@pytest.fixture(scope="module")
def pack_part(tiny, pack):
    return report.Part("kosent-pack", predict_frame(pack, tiny), "0" * 64, Temperature(1.5), licence="CC0-1.0")


def placeholders(sentence):
    return {name for _, name, _, _ in FIELDS.parse(sentence) if name}


def test_both_languages_say_the_same():
    english, korean = sentences.catalogue("en"), sentences.catalogue("ko")
    assert english.keys() == korean.keys()
    for key in english:
        assert placeholders(english[key]) == placeholders(korean[key]), key
    with pytest.raises(DataError, match="speaks en or ko"):
        sentences.catalogue("fr")


def test_every_sentence_is_used():
    sources = "".join(
        (sentences.TEMPLATES.parent / name).read_text() for name in ("page.py", "sections.py", "sentences.py")
    )
    sources += (sentences.TEMPLATES / "report.html").read_text()
    built = ("m_", "g_", "s_")  # keys that are put together from a name
    for key in sentences.catalogue("en"):
        assert key in sources or key.startswith(built) or key == "language_name", key


@pytest.mark.parametrize("language", ["en", "ko"])
def test_page_is_whole_and_self_contained(pack_part, facts, language):
    page = report.build_page([pack_part], facts, language=language, command="kosent-lab report").html
    assert f'<html lang="{language}">' in page
    assert len(page.encode()) < 4_000_000
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert "<script" not in page
    t = sentences.catalogue(language)
    for key in ("headline", "reliability", "coverage", "slices", "mistakes", "special", "words", "cards", "reproduce"):
        assert t[key] in page, key
    images = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)"', page)
    assert len(images) == 4
    for content, alt in images:
        assert base64.b64decode(content).startswith(b"<?xml")
        assert alt
    anchors = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors


def test_findings_carry_the_measured_numbers(pack_part, facts):
    measures = report.measure(pack_part, facts.tokenizer, "en")
    said = " ".join(sentences.findings(measures, None, "en"))
    correct = pack_part.frame["correct"].dropna()
    assert f"Of {len(correct):,} labelled texts the model gets {correct.mean() * 100:.1f} % right" in said
    neutral = pack_part.frame[pack_part.frame["polarity"] == "neutral"]
    share = (neutral["pred"] == 1).mean() * 100
    assert f"The {len(neutral)} neutral texts" in said
    assert f"it calls {share:.1f} % of them positive" in said


def test_the_same_numbers_give_the_same_page(pack_part, facts):
    pages = {report.build_page([pack_part], facts).html for _ in range(2)}
    assert len(pages) == 1


def test_texts_are_escaped(tiny, facts):
    text = "<script>alert('x')</script> & <b>좋다</b>"
    frame = pd.DataFrame({"doc_id": ["a"] * 12, "text": [text] * 12, "label": pd.array([0, 1] * 6, dtype="Int64")})
    scored = predict_frame(frame, tiny)
    page = report.build_page([report.Part("<i>data</i>", scored, "0" * 64)], facts, command="<u>").html
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "<i>data" not in page
    assert "<u>" not in page


@pytest.mark.parametrize("labels", [[], [None], [1], [None] * 30, [1] * 30, [0, 1] * 15])
def test_small_and_unlabelled_tables_say_why(tiny, facts, labels):
    frame = pd.DataFrame(
        {
            "doc_id": [f"d{number}" for number in range(len(labels))],
            "text": pd.Series([f"글 {number} 좋다" for number in range(len(labels))], dtype="str"),
            "label": pd.array(labels, dtype="Int64"),
        }
    )
    page = report.build_page([report.Part("small", predict_frame(frame, tiny), "0" * 64)], facts).html
    t = sentences.catalogue("en")
    if not labels:
        assert t["f_no_rows"] in page
    elif labels[0] is None:
        assert t["no_labels"] in page
        assert t["a_label"].split("(")[0] in page
    elif len(labels) < 100:
        assert t["few_rows"].format(n=len(labels)) in page


def test_page_fonts_hold_the_hangul_of_the_texts(pack_part, facts):
    import io

    from fontTools.ttLib import TTFont

    page = report.build_page([pack_part], facts).html
    fonts = re.findall(r"url\(data:font/woff;base64,([^)]+)\)", page)
    covered = set().union(*(TTFont(io.BytesIO(base64.b64decode(f))).getBestCmap() for f in fonts))
    shown = re.sub(r"base64,[^\")]+|<style>.*?</style>", "", page, flags=re.S)
    missing = {character for character in shown if not character.isspace() and ord(character) not in covered}
    assert not missing


def test_too_large_a_page_is_refused(tmp_path):
    with pytest.raises(DataError, match="the limit is 4 MB"):
        report.write_page(report.Page("x" * 4_000_001, {}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_particles_are_reported_and_without_kiwi_the_page_says_so(pack_part, facts, monkeypatch):
    assert "kept apart" in report.build_page([pack_part], facts).html
    morphology.analyser.cache_clear()
    monkeypatch.setitem(sys.modules, "kiwipiepy", None)
    page = report.build_page([pack_part], facts).html
    morphology.analyser.cache_clear()
    assert "pip install kiwipiepy" in page
    assert "How are its words cut?" in page
