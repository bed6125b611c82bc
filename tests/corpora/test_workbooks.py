import datetime
import zipfile

import openpyxl
import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.corpora import workbooks
from kosent_lab.corpora.documents import load
from kosent_lab.corpora.reading import Reading


def save(path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows, state in sheets:
        sheet = book.create_sheet(title)
        sheet.sheet_state = state
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


ROWS = [["text", "label"], ["좋아요", 1], ["별로", 0]]


def test_the_header_is_found_below_a_title(tmp_path):
    rows = [["2026 만족도 조사"], [], ["번호", "작성일", "리뷰 내용"], [1, datetime.datetime(2024, 7, 1), "좋아요"]]
    path = save(tmp_path / "a.xlsx", ("응답", rows, "visible"))
    frame = load(path, text_column="리뷰 내용")
    assert frame[["번호", "작성일", "text"]].to_numpy().tolist() == [["1", "2024-07-01", "좋아요"]]
    assert load(path, header_row=3, text_column="리뷰 내용")["text"].tolist() == ["좋아요"]


def test_a_sheet_can_be_chosen_and_those_not_read_are_named(tmp_path, caplog):
    other = [["text"], ["둘째"]]
    path = save(tmp_path / "a.xlsx", ("숨김", other, "hidden"), ("일", ROWS, "visible"), ("빈", [], "visible"))
    assert load(path)["text"].tolist() == ["좋아요", "별로"]
    assert "sheet '일' is read; not read: '숨김' (hidden). Choose one: sheet (--sheet)" in caplog.text
    assert "빈" not in caplog.text
    caplog.clear()
    assert load(path, sheet="숨김")["text"].tolist() == ["둘째"]
    assert not caplog.text
    with pytest.raises(DataError, match=r"has no sheet '셋'; its sheets are \['숨김', '일', '빈'\]"):
        load(path, sheet="셋")


def test_cells_read_as_they_are_seen(tmp_path):
    rows = [
        ["text", "n", "f", "ok", "x"],
        ["한 줄_x000D_\n두 줄", 3.0, 4.5, True, "_x005F_x"],
        ["a", 10**11, None, False, ""],
    ]
    frame = load(save(tmp_path / "a.xlsx", ("S", rows, "visible")))
    assert frame["text"].iloc[0] == "한 줄\r\n두 줄"
    assert frame[["n", "f", "ok", "x"]].to_numpy().tolist() == [
        ["3", "4.5", "TRUE", "_x"],
        ["100000000000", "", "FALSE", ""],
    ]


def test_a_formula_without_a_value_stops_with_its_cell(tmp_path):
    path = save(tmp_path / "a.xlsx", ("S", [["text"], ["좋아요"], ["=CONCATENATE(A1,A2)"]], "visible"))
    with pytest.raises(DataError, match="cell A3, is a formula without a value"):
        load(path)


@pytest.mark.parametrize(
    ("inside", "named"), [("EncryptedPackage", "protected by a password"), ("Workbook", "old kind")]
)
def test_other_kinds_of_workbooks_say_what_they_are(tmp_path, inside, named):
    (tmp_path / "a.xlsx").write_bytes(workbooks._OLE + b"\0" * 500 + inside.encode("utf-16-le"))
    with pytest.raises(DataError, match=named):
        load(tmp_path / "a.xlsx")


def rewrite(path, name, content):
    with zipfile.ZipFile(path) as archive:
        parts = {item: archive.read(item) for item in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for item, old in parts.items():
            archive.writestr(item, content if item == name else old)


SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = f'<worksheet xmlns="{SPACE}">{{}}<sheetData>{{}}</sheetData></worksheet>'
CELLS = "".join(
    f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{text}</t></is></c></row>'
    for n, text in ((1, "text"), (2, "좋아요"))
)


def test_what_a_sheet_declares_of_its_size_costs_nothing(tmp_path):
    path = save(tmp_path / "a.xlsx", ("S", ROWS, "visible"))
    rewrite(path, "xl/worksheets/sheet1.xml", SHEET.format('<dimension ref="A1:XFD1048576"/>', CELLS))
    assert load(path)["text"].tolist() == ["좋아요"]


@pytest.mark.parametrize(
    "row",
    [
        '<row r="999999999"><c r="A999999999"/></row>',
        '<row r="3"><c r="XFD3" t="inlineStr"><is><t>x</t></is></c></row>',
    ],
)
def test_a_sheet_larger_than_any_is_refused(tmp_path, row):
    path = save(tmp_path / "a.xlsx", ("S", ROWS, "visible"))
    rewrite(path, "xl/worksheets/sheet1.xml", SHEET.format("", CELLS + row))
    with pytest.raises(DataError, match="larger than Excel's|the limit is 2,000"):
        load(path)


def test_a_bomb_is_refused_by_what_it_declares(tmp_path, monkeypatch):
    path = save(tmp_path / "a.xlsx", ("S", ROWS, "visible"))
    monkeypatch.setattr(workbooks, "LARGEST", 1_000)
    with pytest.raises(DataError, match=r"unfolds to .* MB; the limit is"):
        load(path)


def test_a_cell_merged_over_rows_is_said_by_each_of_them(tmp_path, caplog):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["매장", "text", "label"],
        ["강남", "좋아요", 1],
        [None, "별로예요", None],
        [None, "최고", 1],
        ["부산", "싫어요", 0],
    ):
        sheet.append(row)
    sheet.merge_cells("A2:A4")
    sheet.merge_cells("C2:C3")
    book.save(tmp_path / "merged.xlsx")
    frame = load(tmp_path / "merged.xlsx")
    assert frame["매장"].tolist() == ["강남", "강남", "강남", "부산"]
    assert frame["label"].tolist() == [1, 1, 1, 0]
    assert "merged over rows" in caplog.text


@pytest.mark.parametrize("header_row", [None, 1, 2])
def test_a_header_of_two_rows_gives_one_name_a_column(tmp_path, header_row):
    """As exports write it: a date merged downwards, two ratings under one name merged across."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["작성일", "text", "평가", None],
        [None, None, "label", "별점"],
        ["2026-01-02", "좋아요", 1, 5],
        ["2026-01-03", "별로예요", 0, 2],
    ):
        sheet.append(row)
    for cells in ("A1:A2", "B1:B2", "C1:D1"):
        sheet.merge_cells(cells)
    book.save(tmp_path / "two.xlsx")
    frame = load(tmp_path / "two.xlsx", reading=Reading(header_row=header_row))
    assert frame["text"].tolist() == ["좋아요", "별로예요"]
    assert frame["label"].tolist() == [1, 0]
    assert frame["작성일"].tolist() == ["2026-01-02", "2026-01-03"]
    assert frame["별점"].tolist() == ["5", "2"]


def test_a_note_merged_beside_the_table_is_no_header(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["text", "label", None, "안내: 1은 긍정"])
    for number in range(10):
        book.active.append([f"글 {number} 좋아요", number % 2])
    book.active.merge_cells("D1:D6")
    book.save(tmp_path / "note.xlsx")
    assert load(tmp_path / "note.xlsx")["label"].tolist() == [0, 1] * 5


def test_names_that_repeat_below_a_merged_one_are_told_apart(tmp_path):
    book = openpyxl.Workbook()
    for row in (["text", 2023, None, 2024, None], [None, "맛", "값", "맛", "값"], ["좋아요", 5, 4, 3, 2]):
        book.active.append(row)
    for cells in ("A1:A2", "B1:C1", "D1:E1"):
        book.active.merge_cells(cells)
    book.save(tmp_path / "years.xlsx")
    frame = load(tmp_path / "years.xlsx")
    assert frame.loc[0, ["2023 맛", "2023 값", "2024 맛", "2024 값"]].tolist() == list("5432")


@pytest.mark.parametrize(
    ("sheet", "encoding"),
    [
        ('<x:worksheet xmlns:x="{}">{}</x:worksheet>', "utf-8"),
        ("<worksheet xmlns='{}'>{}</worksheet>", "utf-16"),
    ],
)
def test_a_sheet_spelt_otherwise_loses_neither_formulas_nor_merged_cells(tmp_path, sheet, encoding):
    """As other programs than Excel write it: with a prefix, single quotes, in UTF-16."""
    path, x = tmp_path / "a.xlsx", "x:" if "<x:" in sheet else ""
    texts = [("text", "label"), ("좋아요", None), ("별로예요", "0"), ("싫어요", "")]
    rows = ""
    for number, cells in enumerate(texts, 1):
        inner = "".join(
            f"<{x}c r='{'AB'[place]}{number}'><{x}f>1+0</{x}f></{x}c>" if cell is None else
            f"<{x}c r='{'AB'[place]}{number}' t='inlineStr'><{x}is><{x}t>{cell}</{x}t></{x}is></{x}c>"
            for place, cell in enumerate(cells) if cell != ""
        )  # fmt: skip
        rows += f"<{x}row r='{number}'>{inner}</{x}row>"
    merged = f"<{x}mergeCells><{x}mergeCell ref='B3:B4'/></{x}mergeCells>"
    save(path, ("Sheet", [["text"]], "visible"))
    head = f"<?xml version='1.0' encoding='{encoding}'?>"
    whole = head + sheet.format(SPACE, f"<{x}sheetData>{rows}</{x}sheetData>{merged}")
    rewrite(path, "xl/worksheets/sheet1.xml", whole.encode(encoding))
    with pytest.raises(DataError, match="cell B2, is a formula without a value"):
        load(path)
    rewrite(path, "xl/worksheets/sheet1.xml", whole.replace(f"<{x}f>1+0</{x}f>", f"<{x}v>1</{x}v>").encode(encoding))
    assert load(path)["label"].tolist() == [1, 0, 0]


@pytest.mark.parametrize("changes", [{6: 99}, {9: 8, 46: 255}])  # a version of no program; a name that is no UTF-8
def test_a_workbook_whose_container_is_damaged_is_named(tmp_path, changes):
    path = tmp_path / "a.xlsx"
    save(path, ("Sheet", [["text"], ["좋아요"]], "visible"))
    content = bytearray(path.read_bytes())
    for place, value in changes.items():
        content[content.index(b"PK\x01\x02") + place] = value
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as an Excel workbook"):
        load(path)
