import pytest

from kosent_lab.cli import parser


def test_data_list_and_verify(capsys):
    assert parser.main(["data", "list"]) == 0
    shown = capsys.readouterr().out
    assert "kosent-pack" in shown
    assert "CC0-1.0" in shown
    assert parser.main(["data", "verify", "kosent-pack"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("ok")


@pytest.mark.corpora("nsmc")
def test_verify_nsmc_prints_the_blob_hashes(capsys):
    assert parser.main(["data", "verify", "nsmc"]) == 0
    shown = capsys.readouterr().out
    for digest in ("9cd603e0d9a3685955fd8994052be3ae143dafdb", "ac0dba272895dc1d0b3dd5f11afbeaeb7abe7876",
                   "b6cfcd8cd1557bcd9bf06617b0e429ed73e9a367"):  # fmt: skip
        assert digest in shown
    assert shown.rstrip().endswith("ok")


def test_a_header_that_is_a_row_is_not_published(tmp_path, capsys):
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("이름,010-0000-0000,이름\n나,010-0000-0001,나\n", "utf-8")
    assert parser.main(["data", "mask", str(path), "--out", str(out)]) == 1
    assert "column 2 of the header is personal data itself" in capsys.readouterr().err
    assert not out.exists()
    assert parser.main(["data", "mask", str(path), "--no-header", "--out", str(out)]) == 0
    assert "010" not in out.read_text("utf-8")
    kept = out.read_bytes()
    assert parser.main(["data", "mask", str(path), "--no-header", "--out", str(out)]) == 1
    assert out.read_bytes() == kept
    path.write_text("메모,메모\n가,나\n", "utf-8")
    out.unlink()
    assert parser.main(["data", "mask", str(path), "--out", str(out)]) == 0
    assert out.read_text("utf-8-sig").startswith("메모,메모.1\n")


def test_a_table_of_ones_own_is_masked_and_stays_what_it_is(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("리뷰,휴대폰,점수\n좋아요 a@mail.example,010-1234-5678,5\n별로,,1\n", "utf-8")
    words = ["data", "mask", str(tmp_path / "a.csv"), "--text-column", "리뷰", "--out", str(tmp_path / "b.csv")]
    assert parser.main(words) == 0
    assert (tmp_path / "b.csv").read_text("utf-8-sig") == "리뷰,휴대폰,점수\n좋아요 [메일주소],[전화번호],5\n별로,,1\n"
    assert "2 rows, hidden: 1 mail address, 1 phone number" in capsys.readouterr().out
    assert parser.main([*words[:-1], str(tmp_path / "a.csv")]) == 1
    assert "would be overwritten" in capsys.readouterr().err
    assert parser.main(["data", "mask", str(tmp_path / "none.csv"), "--out", str(tmp_path / "b.csv")]) == 1
