"""What names persons is told by kind and number; hidden in reports, and in predictions where that is asked for."""

import html
import json

import pandas as pd
import pytest

from kosent_lab.cli import parser
from kosent_lab.core.files import frame_sha256
from kosent_lab.corpora.documents import load

HELD = ["010-0000-0000", "nobody@mail.example", "000101-3000000", "02-000-0000"]


@pytest.fixture
def table(tmp_path, pack):
    """A user's file: personal data in texts, in a column beside them, and in ids."""
    rows = pack.head(60)[["text", "polarity"]].rename(columns={"polarity": "label"}).reset_index(drop=True)
    rows["text"] = [f"{text} {HELD[row % 3]}" if row < 30 else text for row, text in enumerate(rows["text"])]
    rows["contact"] = ["02-000-0000"] * 2 + ["없음"] * 58
    rows["doc_id"] = [f"a{row}@mail.example" if row < 3 else f"d{row}" for row in range(60)]
    path = tmp_path / "문의.csv"
    rows.to_csv(path, index=False)
    return path


def telling(frame):
    """Which columns tell of somebody. Numbers are no words: a logit may well print as 0.100006."""
    words = frame.select_dtypes(exclude="number").astype(str)
    named = words.apply(lambda column: column.str.contains("|".join([*HELD, "mail.example"])).any())
    return sorted(named.index[named])


def everything(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_report_warns_and_hides_unless_asked_not_to(table, tiny_folder, tmp_path, capsys, language):
    model = ["--model", str(tiny_folder), "--language", language]
    report = ["report", "--data", str(table), *model]
    assert parser.main([*report, "--out", str(tmp_path / "open"), "--keep-personal"]) == 0
    told = capsys.readouterr().err
    assert "13 mail addresses, 10 resident numbers, 12 phone numbers; shown, since --keep-personal" in told
    page = html.unescape((tmp_path / "open/report.html").read_text("utf-8"))
    assert "--keep-personal" in page
    assert "010-0000-0000" in page
    assert parser.main([*report, "--out", str(tmp_path / "masked")]) == 0
    masked = capsys.readouterr().err
    assert "hidden in what is written" in masked
    for value in HELD:
        assert value not in told + masked
        assert value.encode() not in everything(tmp_path / "masked")
        assert value not in (tmp_path / "masked/report.html").read_text("utf-8")
    one, two = (pd.read_parquet(next((tmp_path / name).glob("*.parquet"))) for name in ("open", "masked"))
    assert one["text"].str.contains("010-0000-0000").sum() == 10
    assert telling(one) == ["contact", "doc_id", "text"]
    assert telling(two) == []
    assert two["doc_id"].is_unique
    # scored as they are
    pd.testing.assert_frame_equal(one[["logit_0", "logit_1", "n_tokens"]], two[["logit_0", "logit_1", "n_tokens"]])


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_predictions_are_masked_over_all_shards(table, tiny_folder, tmp_path, capsys, suffix):
    model = ["--model", str(tiny_folder), "--shard-rows", "2"]
    out = tmp_path / f"out{suffix}"
    assert parser.main(["predict", str(table), "--out", str(out), *model, "--mask-personal"]) == 0
    assert "13 mail addresses, 10 resident numbers, 12 phone numbers; hidden" in capsys.readouterr().err
    made = pd.read_csv(out) if suffix == ".csv" else pd.read_parquet(out)
    assert telling(made) == []
    assert made["doc_id"].tolist()[:4] == ["[메일주소]-0", "[메일주소]-1", "[메일주소]-2", "d3"]
    plain = tmp_path / f"plain{suffix}"
    assert parser.main(["predict", str(table), "--out", str(plain), *model]) == 0
    assert "--mask-personal hides them" in capsys.readouterr().err
    assert b"nobody@mail.example" in plain.read_bytes() or suffix == ".parquet"


def test_shards_without_masks_are_another_job(table, tiny_folder, tmp_path, capsys, monkeypatch):
    from kosent_lab.scoring import shards

    out, model = tmp_path / "out.csv", ["--model", str(tiny_folder)]
    with monkeypatch.context() as stopped:
        stopped.setattr(shards, "join_shards", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert parser.main(["predict", str(table), "--out", str(out), *model]) == 130
    assert parser.main(["predict", str(table), "--out", str(out), *model, "--mask-personal"]) == 1
    assert "another job" in capsys.readouterr().err


def test_texts_without_any_are_not_warned_of(reviews, tiny_folder, tmp_path, capsys):
    names = ["--text-column", "내용", "--label-column", "평가", "--model", str(tiny_folder)]
    assert parser.main(["report", "--data", str(reviews), *names, "--out", str(tmp_path / "r")]) == 0
    assert "names persons" not in capsys.readouterr().err
    assert "--keep-personal" not in (tmp_path / "r/report.html").read_text("utf-8")


def test_a_page_made_in_a_notebook_hides_it_too(table, tiny):
    from kosent_lab import corpora, report, scoring

    scored = scoring.predict_frame(corpora.load(table), tiny)
    page, shown = (report.build(scored, keep_personal=keep).html for keep in (False, True))
    assert not any(value in page for value in HELD)
    assert any(value in shown for value in HELD)


def test_what_evaluate_prints_of_a_users_file_names_nobody(table, tiny_folder, tmp_path, capsys):
    rows = pd.concat([pd.read_csv(table)] * 2, ignore_index=True).assign(doc_id=[f"d{row}" for row in range(120)])
    rows["domain"] = ["nobody@mail.example" if row % 2 else "가게" for row in range(120)]
    rows.to_csv(table, index=False)
    out = tmp_path / "found.json"
    command = ["evaluate", "--data", str(table), "--model", str(tiny_folder), "--beside", str(tiny_folder)]
    assert parser.main([*command, "--json", str(out)]) == 0
    found = json.loads(out.read_text("utf-8"))
    shown = out.read_text("utf-8") + "".join(capsys.readouterr())
    assert len(found["beside"][0]["where"]) >= 2
    assert any("[" in row["value"] for row in found["slices"] if row["column"] == "domain")
    for value in HELD:
        assert value not in shown
    assert found["data_sha256"] != frame_sha256(load(table))  # which would give a number back to who tries all
