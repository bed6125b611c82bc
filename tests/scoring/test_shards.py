import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest
from transformers import ElectraForSequenceClassification

from kosent_lab.core import jobs
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.files import frame_sha256
from kosent_lab.corpora.reading import Reading
from kosent_lab.models import electra
from kosent_lab.models.classifier import load_classifier
from kosent_lab.scoring import shards
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.scoring.shards import score_file, score_frame


@pytest.fixture
def reviews(tmp_path, pack):
    path = tmp_path / "리뷰.csv"
    pack[["text", "polarity", "domain"]].head(100).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_killed_job_goes_on_and_ends_the_same(tiny, reviews, tmp_path, suffix, monkeypatch):
    whole, resumed = tmp_path / f"whole{suffix}", tmp_path / f"resumed{suffix}"
    options = {"reading": Reading(label_column="polarity"), "shard_rows": 30}
    assert score_file(reviews, whole, tiny, **options) == 100
    calls = []

    def killed(frame, classifier, **kwargs):
        calls.append(len(frame))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return predict_frame(frame, classifier, **kwargs)

    monkeypatch.setattr(shards, "predict_frame", killed)
    with pytest.raises(KeyboardInterrupt):
        score_file(reviews, resumed, tiny, **options)
    assert not resumed.exists()
    assert len(list(tmp_path.glob("resumed*.parts/part-*.parquet"))) == 2
    assert score_file(reviews, resumed, tiny, **options) == 100
    assert calls == [30, 30, 30, 30, 10]  # the first two shards were not scored again
    assert whole.read_bytes() == resumed.read_bytes()
    assert not list(tmp_path.glob("*.parts"))


def cut_off(monkeypatch, source, target, classifier, **options):
    """Leave the shards of a job that was killed before it joined them."""
    with monkeypatch.context() as patch:
        patch.setattr(shards, "join_shards", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            score_file(source, target, classifier, **options)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"shard_rows": 60}, r"shard_rows \(50 there, 60 here\)"),
        ({"outputs": (1, 0)}, r"differ: outputs \(\[0, 1\] there, \[1, 0\] here\)\. Remove .*parts, or write"),
        ({"precision": "bf16"}, r"differ: precision \(fp32 there, bf16 here\)\."),
        ({"model_id": "tiny@0"}, r"differ: model \(tiny@.* there, tiny@0 here\)\."),
        ({"reading": Reading(label_column="polarity")}, r"label_column \(None there, polarity here\), labels"),
        ({"text": "글"}, r"differ: texts\."),
        ({"domain": "다른 곳"}, r"differ: other columns\."),
        ({"code": 2}, r"differ: code \(.*scoring 1 there, .*scoring 2 here\)\."),
    ],
)
def test_shards_of_another_job_are_refused_by_what_differs(tiny, reviews, tmp_path, monkeypatch, change, named):
    target, options, other = tmp_path / "out.parquet", {"shard_rows": 50}, tiny
    cut_off(monkeypatch, reviews, target, tiny, **options)
    if "outputs" in change:
        other = dataclasses.replace(tiny, label_columns=change["outputs"])
    elif {"precision", "model_id"} & set(change):
        other = dataclasses.replace(tiny, **change)
    elif {"text", "domain"} & set(change):
        pd.read_csv(reviews).assign(**change).to_csv(reviews, index=False)
    elif "code" in change:
        monkeypatch.setattr(jobs, "SCORING", 2)
    else:
        options |= change
    before = {path.name: path.read_bytes() for path in target.with_name("out.parquet.parts").iterdir()}
    with pytest.raises(DataError, match=named):
        score_file(reviews, target, other, **options)
    assert {path.name: path.read_bytes() for path in target.with_name("out.parquet.parts").iterdir()} == before
    assert not target.exists()


def test_shards_without_an_account_of_their_job_are_refused(tiny, reviews, tmp_path):
    target = tmp_path / "out.parquet"
    target.with_name("out.parquet.parts").mkdir()
    pd.DataFrame({"text": ["글"]}).to_parquet(target.with_name("out.parquet.parts") / "part-00000.parquet")
    with pytest.raises(DataError, match="it carries no account"):
        score_file(reviews, target, tiny)


def test_a_try_that_fails_is_not_in_the_way_of_the_next(tiny, tmp_path):
    """Neither a wrong column nor a wrong label in a late shard."""
    source, target = tmp_path / "a.csv", tmp_path / "out.csv"
    pd.DataFrame({"내용": ["좋다"] * 30, "평가": ["1"] * 29 + ["무엇"], "맞음": ["0"] * 30}).to_csv(source, index=False)
    names = sorted(path.name for path in tmp_path.iterdir())
    for options, message in (
        ({}, "needs column 'text'"),
        ({"reading": Reading("내용", "평가"), "shard_rows": 10}, "무엇"),
    ):
        with pytest.raises(DataError, match=message):
            score_file(source, target, tiny, **options)
        assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert score_file(source, target, tiny, reading=Reading("내용", "맞음")) == 30


def test_what_a_user_put_among_the_shards_stays(tiny, reviews, tmp_path):
    parts = tmp_path / "out.parquet.parts"
    parts.mkdir()
    (parts / "notes.txt").write_text("mine")
    score_file(reviews, tmp_path / "out.parquet", tiny)
    assert [path.name for path in parts.iterdir()] == ["notes.txt"]


def test_two_processes_never_write_one_output(tiny_folder, reviews, tmp_path):
    """Both exit 0 never; the one that does wrote what a single one writes."""
    target = tmp_path / "out.csv"
    command = [sys.executable, "-m", "kosent_lab", "--quiet", "predict", str(reviews), "--model", str(tiny_folder)]
    command += ["--device", "cpu", "--precision", "fp32", "--shard-rows", "10", "--out"]
    both = [
        subprocess.Popen([*command, str(target)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for _ in range(2)
    ]
    errors = [process.communicate()[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], errors
    message = next(error for error, process in zip(errors, both, strict=True) if process.returncode)
    assert re.fullmatch(r"kosent-lab: .*(another process is writing|exists and is not overwritten).*\n", message)
    assert subprocess.run([*command, str(tmp_path / "alone.csv")], stdout=subprocess.DEVNULL).returncode == 0
    assert target.read_bytes() == (tmp_path / "alone.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone.csv", "out.csv", "리뷰.csv"]


def test_existing_output_is_not_overwritten(tiny, reviews, tmp_path):
    target = tmp_path / "out.csv"
    target.write_text("mine")
    with pytest.raises(DataError, match="exists and is not overwritten"):
        score_file(reviews, target, tiny)
    assert target.read_text() == "mine"
    with pytest.raises(DataError, match=r"ends in .parquet or .csv"):
        score_file(reviews, tmp_path / "out.docx", tiny)


def test_file_without_rows_gives_a_file_without_rows(tiny, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n", "utf-8")
    assert score_file(tmp_path / "a.csv", tmp_path / "out.parquet", tiny) == 0
    assert {"logit_0", "model_id"} <= set(pyarrow.parquet.read_schema(tmp_path / "out.parquet").names)


def test_spreadsheets_get_no_formulas(tiny, tmp_path):
    cells = ["=1+1", "+82", "-1", "@x", "보통 글", "a=b", "-별로"]
    pd.DataFrame({"text": cells}).to_csv(tmp_path / "a.csv", index=False)
    score_file(tmp_path / "a.csv", tmp_path / "out.csv", tiny)
    texts = pd.read_csv(tmp_path / "out.csv")["text"].tolist()
    assert texts == ["'=1+1", "+82", "-1", "'@x", "보통 글", "a=b", "'-별로"]
    score_file(tmp_path / "a.csv", tmp_path / "out.parquet", tiny)
    assert pd.read_parquet(tmp_path / "out.parquet")["text"].tolist() == cells


def test_column_that_starts_empty_keeps_its_values(tiny, tmp_path):
    rows = [{"text": f"글 {number}", "note": None if number < 40 else "늦게 온 값"} for number in range(50)]
    path, out = tmp_path / "a.jsonl", tmp_path / "out.parquet"
    pd.DataFrame(rows).to_json(path, orient="records", lines=True, force_ascii=False)
    assert score_file(path, out, tiny, shard_rows=20) == 50
    notes = pd.read_parquet(out)["note"]
    assert notes.isna().sum() == 40
    assert notes.iloc[-1] == "늦게 온 값"


# files whose later shards hold what the first does not tell of: name, rows
LATE = {
    "a key that comes late": [
        {"text": f"글 {n}"} | ({"note": f"늦게 {n}", "label": "1"} if n > 33 else {}) for n in range(50)
    ],
    "a key that goes": [{"text": f"글 {n}"} | ({"note": "먼저"} if n < 5 else {}) for n in range(50)],
    "keys in another order": [
        dict([("text", f"글 {n}"), ("b", "2"), ("a", "1")][:: -1 if n % 2 else 1]) for n in range(50)
    ],
    "ids repeated across shards alone": [{"doc_id": f"d{n % 25}", "text": f"글 {n}"} for n in range(50)],
    "ids that are missing late": [{"doc_id": f"d{n}" if n < 40 else None, "text": f"글 {n}"} for n in range(50)],
    "ids of its own": [{"doc_id": f"d{n}", "text": f"글 {n}"} for n in range(50)],
    "a column like an answer, late": [{"text": f"글 {n}"} | ({"logit_0": "mine"} if n > 30 else {}) for n in range(50)],
}


def write(path, rows):
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    elif path.suffix == ".csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    else:
        pd.DataFrame(rows).to_parquet(path)
    return path


@pytest.mark.parametrize("out", [".csv", ".parquet"])
@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
@pytest.mark.parametrize("case", LATE)
def test_the_result_does_not_depend_on_where_shards_are_cut(tiny, tmp_path, case, suffix, out):
    source = write(tmp_path / f"a{suffix}", LATE[case])
    tables = {}
    for rows in (1_000, 20, 7):
        target = tmp_path / f"out-{rows}{out}"
        assert score_file(source, target, tiny, shard_rows=rows) == 50
        tables[rows] = pd.read_csv(target) if out == ".csv" else pd.read_parquet(target)
    whole = tables.pop(1_000)
    for table in tables.values():
        pd.testing.assert_frame_equal(table, whole, rtol=1e-4, atol=1e-5)
    # nothing stands under another name
    assert whole["text"].tolist() == [row["text"] for row in LATE[case]]
    assert whole["model_id"].eq(tiny.model_id).all()
    assert whole["logit_1"].map(type).eq(float).all()
    assert whole["doc_id"].is_unique
    own = "ids of its own" if case == "ids of its own" else ""
    assert whole["doc_id"].iloc[30] == ("d30" if own else "row-30")
    for key in {"note", "a", "b"} & {key for row in LATE[case] for key in row}:
        wanted = [row.get(key) for row in LATE[case]]
        found = [None if pd.isna(value) or value == "" else str(value) for value in whole[key]]
        assert found == wanted


def test_numbers_with_gaps_are_one_kind_in_every_shard(tiny, tmp_path):
    """A shard without a gap reads whole numbers, one with a gap fractions."""
    rows = pd.DataFrame({"text": [f"글 {n}" for n in range(40)], "stars": pd.array([*range(39), None], dtype="Int64")})
    rows = rows.assign(flag=pd.array([True, None] + [False] * 38, dtype="object"), empty=None)
    rows.to_parquet(tmp_path / "a.parquet")
    results = []
    for number in (15, 40):
        score_file(tmp_path / "a.parquet", tmp_path / f"{number}.csv", tiny, shard_rows=number)
        score_file(tmp_path / "a.parquet", tmp_path / f"{number}.parquet", tiny, shard_rows=number)
        results.append(
            (pd.read_csv(tmp_path / f"{number}.csv", dtype=str), pd.read_parquet(tmp_path / f"{number}.parquet"))
        )
    own = ["text", "stars", "flag", "empty"]
    for one, other in zip(*results, strict=True):
        pd.testing.assert_frame_equal(one[own], other[own])
    assert results[0][1]["stars"].iloc[:39].tolist() == list(range(39))


@pytest.fixture(scope="module")
def stars(tiny_folder, tiny_tokenizer, tmp_path_factory):
    """A classifier of five classes."""
    model = ElectraForSequenceClassification(electra.open_classifier(tiny_folder).config)
    electra.name_classes(model, ["1", "2", "3", "4", "5"])
    folder = tmp_path_factory.mktemp("stars") / "five"
    electra.save_classifier(model, tiny_tokenizer, folder, seen_positions=512)
    return load_classifier(folder, device="cpu", any_classes=True)


@pytest.mark.parametrize("columns", [{}, {"label": 0}, {"label": 1}, {"label": 0.5}])
def test_a_model_of_five_classes_takes_labels_of_five(stars, tmp_path, columns):
    rows = pd.DataFrame({"text": [f"글 {n}" for n in range(30)]})
    for name in columns:
        values = {0: [str(n % 5 + 1) for n in range(30)], 1: [""] * 25 + ["5"] * 5, 0.5: ["4.0"] * 30}[columns[name]]
        rows[name] = values
    rows.to_csv(tmp_path / "a.csv", index=False)
    assert score_file(tmp_path / "a.csv", tmp_path / "out.parquet", stars, shard_rows=20) == 30
    scored = pd.read_parquet(tmp_path / "out.parquet")
    wanted = rows["label"].str.removesuffix(".0").replace("", None) if "label" in rows else pd.Series([None] * 30)
    assert scored["label"].fillna("-").tolist() == wanted.fillna("-").tolist()
    assert scored[[f"class_prob_{n}" for n in range(1, 6)]].sum(axis=1).to_numpy() == pytest.approx(1)
    assert set(scored["pred"]) <= set("12345")


def test_two_classes_still_refuse_stars(tiny, tmp_path):
    pd.DataFrame({"text": ["글"], "label": ["4"]}).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(DataError, match="--map-labels 1,2=0 4,5=1 3=neutral"):
        score_file(tmp_path / "a.csv", tmp_path / "out.csv", tiny)


def test_a_frame_is_scored_without_reading_back_what_was_just_scored(tiny, pack, tmp_path, monkeypatch):
    frame, read, calls = pack.head(50), [], []
    reading = pd.read_parquet
    monkeypatch.setattr(
        pd, "read_parquet", lambda path, **more: read.append(Path(path.name).name) or reading(path, **more)
    )
    scored, folder, sha256 = score_frame(frame, tmp_path / "out.parquet", tiny, shard_rows=20)
    assert read == []
    assert sha256 == frame_sha256(frame)
    assert sorted(path.name for path in folder.glob("part-*")) == [f"part-0000{n}.parquet" for n in range(3)]
    # of a run that was cut off only what lay there is read, and nothing of it is scored again
    (folder / "part-00001.parquet").unlink()
    monkeypatch.setattr(shards, "predict_frame", lambda *a, **m: calls.append(1) or predict_frame(*a, **m))
    again, _, _ = score_frame(frame, tmp_path / "out.parquet", tiny, shard_rows=20)
    assert read == ["part-00000.parquet", "part-00002.parquet"]
    assert calls == [1]
    pd.testing.assert_frame_equal(scored, again, rtol=1e-4, atol=1e-5)


def test_a_frame_is_hashed_once(tiny, pack, tmp_path, monkeypatch):
    hashed = []
    monkeypatch.setattr(shards, "frame_sha256", lambda frame: hashed.append(len(frame)) or frame_sha256(frame))
    score_frame(pack.head(50), tmp_path / "out.parquet", tiny, shard_rows=20)
    assert hashed == [50]


def test_a_table_of_lists_categories_and_odd_headings_is_whole_and_harmless(tiny, tmp_path):
    frame = pd.DataFrame({"text": ["좋다", "싫다"], "=cmd": ["a", "b"], "many": [list(range(2_000)), [1]]})
    frame["kind"] = pd.Categorical(["=1+1", "x"])
    frame.to_parquet(tmp_path / "in.parquet")
    score_file(tmp_path / "in.parquet", tmp_path / "out.csv", tiny)
    found = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert json.loads(found.loc[0, "many"]) == list(range(2_000))
    assert found["kind"].tolist() == ["'=1+1", "x"]
    assert "'=cmd" in found.columns


def test_a_changed_column_makes_another_job_that_is_scored_anew(tiny, pack, tmp_path, caplog):
    score_frame(pack.head(10), tmp_path / "out.parquet", tiny)
    scored, _, _ = score_frame(pack.head(10).assign(split="valid"), tmp_path / "out.parquet", tiny)
    assert scored["split"].eq("valid").all()
    assert "is of another job and is scored anew" in caplog.text
    turned = dataclasses.replace(tiny, label_columns=(1, 0))
    again, _, _ = score_frame(pack.head(10).assign(split="valid"), tmp_path / "out.parquet", turned)
    assert again["logit_0"].tolist() == pytest.approx(scored["logit_1"].tolist())


def test_a_misspelt_command_takes_nothing_of_a_killed_job(tiny, reviews, tmp_path, monkeypatch):
    target = tmp_path / "out.parquet"
    cut_off(monkeypatch, reviews, target, tiny, shard_rows=30)
    kept = sorted(target.with_name("out.parquet.parts").iterdir())
    assert len(kept) == 4
    for reading in (Reading(text_column="없는 열"), Reading(label_column="domain")):
        with pytest.raises(DataError):
            score_file(reviews, target, tiny, reading=reading, shard_rows=30)
        assert sorted(target.with_name("out.parquet.parts").iterdir()) == kept
    assert score_file(reviews, target, tiny, shard_rows=30) == 100


def test_a_damaged_shard_is_named_with_what_to_do(tiny, reviews, tmp_path, monkeypatch):
    options = {"reading": Reading(label_column="polarity"), "shard_rows": 30}
    cut_off(monkeypatch, reviews, tmp_path / "out.csv", tiny, **options)
    shard = tmp_path / "out.csv.parts" / "part-00001.parquet"
    content = bytearray(shard.read_bytes())
    content[4:2000] = bytes(1996)  # its end, which says what is in it, is whole
    shard.write_bytes(content)
    with pytest.raises(
        DataError, match=r"(?s)part-00001\.parquet is damaged .*Remove it, and run the same command again"
    ):
        score_file(reviews, tmp_path / "out.csv", tiny, **options)
    shard.unlink()
    assert score_file(reviews, tmp_path / "out.csv", tiny, **options) == 100
