"""Tables as nobody would write them: odd names, types and encodings, ragged rows, quotes that do not close."""

import csv
import datetime
import decimal
import functools
import io
import json
import re
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet
import torch
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification

from tests.hostile.oracle import TRIED, hunt, judge, read_output, run, snapshot

NAMES = st.sampled_from(
    [
        "label",
        "doc_id",
        "corpus",
        "polarity",
        "rating",
        "soft_target",
        "leaked",
        "split",
        "pred",
        "logit_0",
        "prob_1",
        "temperature",
        "calibrator",
        "input_pred",
        "input_input_pred",
        "class_prob_a",
        "n_tokens",
        "official_split",
        "__index_level_0__",
        "텍스트",
        "1",
        "=이름",
        "-",
        "text.1",
        "Text",
        "index",
        "level_0",
        "null",
    ]
    + [unicodedata.normalize("NFD", "내용"), " 이름 ", "a,b", 'a"b', "줄\n바꿈", "x" * 300, "\u202e"]
)
CELLS = st.sampled_from(
    [
        "좋아요",
        "-5",
        "+82-10-0000-0000",
        "=1+1",
        "@a",
        "007",
        "1e5",
        "null",
        "NaN",
        "None",
        "True",
        "12345678901234567",
        "ㅋㅋㅋ",
        "😀🇰🇷",
        "#N/A",
        "_x000D_",
        "ภาษา",
        "2024-01-01",
    ]
    + [
        "",
        " ",
        "정말, 별로예요",
        '"따옴표"',
        'a"b',
        "두\n줄",
        "끝\r\n",
        "\tx",
        "\u202e거꾸로",
        "\u2028",
        "가" * 90,
        "a\0b",
    ]
    + ["\ufeff", unicodedata.normalize("NFD", "좋았어요")]
) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufdd0"), max_size=8)
LABELS = st.sampled_from(["0", "1", "", "긍정", "부정적", "neutral", "1.0", "TRUE"])


@st.composite
def tables(draw):
    """Draw names (text among them, once) and rows of cells."""
    others = draw(st.lists(NAMES, max_size=4))
    names = [*others]
    names.insert(draw(st.integers(0, len(names))), "text")
    cells = {name: LABELS if name == "label" else CELLS for name in names}
    return names, draw(st.lists(st.tuples(*(cells[name] for name in names)), max_size=5))


@st.composite
def separated_files(draw):
    """Draw a file of separated fields, often damaged, and what the standard library makes of it (None: nothing)."""
    names, rows = draw(tables())
    separator = draw(st.sampled_from([",", "\t"]))
    out = io.StringIO(newline="")
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    csv.writer(out, delimiter=separator, quoting=quoting, lineterminator="\r\n").writerows([names, *rows])
    content = out.getvalue()
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        place = draw(st.integers(0, len(content)))
        content = content[:place] + draw(st.sampled_from([separator, '"', "\n", "x", ""])) + content[place + 1 :]
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp949"]))
    try:
        raw = content.encode(encoding)
    except UnicodeEncodeError:
        raw = content.encode("utf-8")
    return {",": ".csv", "\t": draw(st.sampled_from([".tsv", ".txt"]))}[separator], raw, parse(content, separator)


def parse(content, separator):
    """Read as a spreadsheet does, or, tabs without quotes, as what stands there; None where rows do not fit."""
    for quoting in [csv.QUOTE_MINIMAL] + ([csv.QUOTE_NONE] if separator == "\t" else []):
        # a carriage return alone, not at the end, is a character like any other; the csv module thinks otherwise
        lines = re.sub("\r(?!\n|\\Z)", "\ufdd0", content.removeprefix("\ufeff")).split("\n")
        lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
        try:
            rows = list(csv.reader(lines, delimiter=separator, quoting=quoting, strict=True))
        except csv.Error:
            continue
        rows = [[cell.replace("\ufdd0", "\r") for cell in row] for row in rows]
        # the header may stand below a title
        place = next((place for place, row in enumerate(rows[:20]) if "text" in map(str.strip, row)), 0)
        rows = rows[place:]
        rows = [row for row in rows if row and (len(row) > 1 or row[0].strip() or len(rows[0]) == 1)]
        if not rows or any(len(row) < len(rows[0]) or any(map(str.strip, row[len(rows[0]) :])) for row in rows):
            continue
        return rows[0], [tuple(row[: len(rows[0])]) for row in rows[1:]]
    return None


@functools.cache
def plain_model(folder):
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    return model, Tokenizer.from_file(f"{folder}/tokenizer.json")


def plain_logits(folder, text):
    model, tokenizer = plain_model(folder)
    ids = tokenizer.encode(unicodedata.normalize("NFC", text).replace("\0", " ")).ids
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0].numpy()


def check_file(folder, suffix, raw, expected, target_suffix):
    """Score one file, and compare what was written with what was to be read."""
    TRIED["tables"] += 1
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        source, target = place / f"a{suffix}", place / f"o{target_suffix}"
        source.write_bytes(raw)
        before = snapshot(place)
        options = ("--model", folder, "--shard-rows", 2, "--device", "cpu", "--precision", "fp32")
        outcome = run("--quiet", "predict", source, "--out", target, *options)
        if not judge(outcome, before, place):
            return
        assert expected is not None, "a file that no plain reader can read was scored"
        names, rows = expected
        written = read_output(target)
        assert len(written) == len(rows)
        texts = [row[names.index("text")] for row in rows]
        for row, text in zip(written, texts, strict=True):
            assert plain_cell(row["text"], target_suffix) == plain_cell(text, suffix)
            logits = [float(row["logit_0"]), float(row["logit_1"])]
            np.testing.assert_allclose(logits, plain_logits(folder, "" if text is None else str(text)), atol=1e-3)
        assert len({row["doc_id"] for row in written}) == len(rows)
        columns = [[plain_cell(row[key], target_suffix) for row in written] for key in (written[0] if written else ())]
        for place_, name_ in enumerate(names):
            if written and name_ not in ("text", "label", ""):
                values = [plain_cell(row[place_], suffix) for row in rows]
                assert values in columns, f"column {name_!r} was lost or changed: {values}"


def plain_cell(value, suffix):
    """Return a value as text that is the same on the way in and out; an apostrophe before a formula is ours."""
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    text = str(value)
    return text[1:] if suffix == ".csv" and text[:1] == "'" and text[1:2] in tuple("=+-@\t\r\n") else text


def test_separated_files(tiny_folder):
    strategy = st.tuples(separated_files(), st.sampled_from([".csv", ".parquet"]))
    hunt(strategy, lambda drawn: check_file(tiny_folder, *drawn[0], drawn[1]), examples=120)


@st.composite
def json_lines(draw):
    """Draw JSON lines of which some lack a key, hold another type, or are cut off."""
    names, rows = draw(tables())
    objects = [dict(zip(names, row, strict=True)) for row in rows]
    for row in objects:
        if len(row) > 1 and draw(st.booleans()):
            row.pop(draw(st.sampled_from([name for name in row if name != "text"])))
    odd = draw(st.sampled_from([None, None, None, 5, True, ["a"], {"a": 1}, 12345678901234567, 1.5]))
    if objects and odd is not None:
        objects[0][draw(st.sampled_from(["text", "note"]))] = odd
    lines = [json.dumps(row, ensure_ascii=draw(st.booleans())) for row in objects]
    keys = list(dict.fromkeys(key for row in objects for key in row))
    expected = (keys, [tuple(json_cell(row.get(key)) for key in keys) for row in objects]) if "text" in keys else None
    if expected and any(isinstance(row.get("text"), list | dict) for row in objects):
        expected = None
    if lines and draw(st.sampled_from([False] * 5 + [True])):
        lines[-1], expected = lines[-1][:-1], None
    return ".jsonl", "\n".join(lines).encode(), expected


def json_cell(value):
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def test_json_lines(tiny_folder):
    strategy = st.tuples(json_lines(), st.sampled_from([".csv", ".parquet"]))
    hunt(strategy, lambda drawn: check_file(tiny_folder, *drawn[0], drawn[1]), examples=60)


TYPES = {
    pa.int64(): [12345678901234567, None, -1],
    pa.uint8(): [255, 0, None],
    pa.float64(): [0.5, None, 1e300],
    pa.bool_(): [True, None, False],
    pa.date32(): [datetime.date(2024, 1, 1), None],
    pa.time64("us"): [datetime.time(9, 30), None],
    pa.decimal128(6, 2): [decimal.Decimal("12.50"), None],
    pa.timestamp("us"): [datetime.datetime(2024, 1, 1, 9), None],
    pa.list_(pa.string()): [["가", "나"], [], None],
    pa.struct([("가", pa.int64())]): [{"가": 1}, None],
    pa.dictionary(pa.int8(), pa.string()): ["a", "b", None],
    pa.string(): ["-5", "=1", None, "a\rb"],
    pa.null(): [None],
}
TEXT_TYPES = [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())]
NO_TEXT_TYPES = [pa.list_(pa.string()), pa.int64()]


@st.composite
def parquet_files(draw):
    """Draw a parquet file of columns of any type, its texts too, sometimes cut off."""
    count = draw(st.integers(0, 5))
    kind = draw(st.sampled_from(TEXT_TYPES * 4 + NO_TEXT_TYPES))
    texts = draw(st.lists(CELLS | st.none(), min_size=count, max_size=count))
    if kind in NO_TEXT_TYPES:
        text = pa.array([["a"] if kind != pa.int64() else 1] * count, kind)
    elif kind == pa.binary():
        text = pa.array([one and one.encode() for one in texts], kind)
    else:
        text = pa.array(texts, pa.string()).cast(kind)
    names, columns = ["text"], [text]
    for name in draw(st.lists(NAMES.filter(lambda name: name != "label"), max_size=3, unique=True)):
        other = draw(st.sampled_from(list(TYPES)))
        values = draw(st.lists(st.sampled_from(TYPES[other]), min_size=count, max_size=count))
        names.append(name)
        plain = pa.string() if pa.types.is_dictionary(other) else other
        columns.append(pa.array(values, plain).cast(other))
    out = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns, names=names), out, row_group_size=3)
    raw = out.getvalue()
    known = kind in TEXT_TYPES
    expected = (
        (names, list(zip(texts, *(column.to_pylist() for column in columns[1:]), strict=True))) if known else None
    )
    if draw(st.sampled_from([False] * 5 + [True])):
        raw, expected = raw[: int(len(raw) * draw(st.floats(0.01, 0.99)))], None
    return ".parquet", raw, expected


def test_parquet_files(tiny_folder):
    strategy = st.tuples(parquet_files(), st.sampled_from([".csv", ".parquet"]))
    hunt(strategy, lambda drawn: check_file(tiny_folder, *drawn[0], drawn[1]), examples=80)


@st.composite
def workbooks(draw):
    """Draw a workbook, its header sometimes below a title, its archive sometimes damaged."""
    names, rows = draw(tables())
    clean = str.maketrans(dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]))
    names, rows = [name.translate(clean) for name in names], [[cell.translate(clean) for cell in row] for row in rows]
    # openpyxl would write these as formulas
    rows = [[cell.replace("=", "≠", 1) if cell.startswith("=") else cell for cell in row] for row in rows]
    names = [name.replace("=", "≠", 1) if name.startswith("=") else name for name in names]
    book = openpyxl.Workbook()
    for row in [*([["제목"]] if draw(st.booleans()) else []), names, *rows]:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    raw = out.getvalue()
    filled = [row for row in rows if any(cell != "" for cell in row)]
    if draw(st.sampled_from([False] * 5 + [True])):
        return ".xlsx", raw[: int(len(raw) * draw(st.floats(0.01, 0.99)))], None
    # XML makes a line feed of every line end; what means a carriage return is written out
    plain = [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in filled]
    unfolded = [[cell.replace("_x000D_", "\r") for cell in row] for row in plain]
    names = [name.replace("\r\n", "\n") for name in names]
    return ".xlsx", raw, (names, [tuple(row) for row in unfolded])


def test_workbooks(tiny_folder):
    strategy = st.tuples(workbooks(), st.sampled_from([".csv", ".parquet"]))
    hunt(strategy, lambda drawn: check_file(tiny_folder, *drawn[0], drawn[1]), examples=50)
