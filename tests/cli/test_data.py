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
