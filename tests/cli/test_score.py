import contextlib
import json
import subprocess
import sys

import pandas as pd
import pytest

from kosent_lab.calibration.temperature import fit_shift
from kosent_lab.cli import parser, score
from kosent_lab.core.places import BUNDLED_FOLDER
from kosent_lab.corpora.documents import load
from kosent_lab.models.classifier import load_classifier
from kosent_lab.scoring.predict import predict_frame


@pytest.mark.corpora("ud_korean")
def test_particles_are_measured_against_a_treebank(tmp_path):
    path = tmp_path / "josa.json"
    command = ["evaluate", "--task", "josa", "--data", "gsd:dev", "--limit", "60", "--json", str(path)]
    assert parser.main(command) == 0
    result = json.loads(path.read_text("utf-8"))
    assert result["sentences"] == 60
    assert result["f1_ci"][0] < result["f1"] <= result["f1_ci"][1]


def test_an_unknown_treebank_is_told(capsys):
    assert parser.main(["evaluate", "--task", "josa", "--data", "nsmc:test"]) == 1
    assert "--task josa needs --data TREEBANK:SPLIT (klue_dp, gsd" in capsys.readouterr().err


def test_predict_writes_and_resumes(reviews, tiny_folder, tmp_path, capsys):
    out = tmp_path / "out.csv"
    arguments = ["predict", str(reviews), "--out", str(out), "--text-column", "내용", "--model", str(tiny_folder)]
    assert parser.main(arguments) == 0
    assert len(pd.read_csv(out)) == 80
    assert parser.main(arguments) == 1
    assert "exists and is not overwritten" in capsys.readouterr().err
    assert parser.main([*arguments, "--resume"]) == 0
    assert "is there already: 80 rows" in capsys.readouterr().out


@pytest.fixture(params=["csv", "parquet"])
def scored(request, tiny_folder, tmp_path):
    source = tmp_path / "in.csv"
    lines = ["=1+1 좋다", '"여러\r줄, ""그렇다"""', "문의 010-0000-0000", "", "NA", "나쁘다"]
    rows = "".join(f"{line},{n % 2},010-0000-000{n}\n" for n, line in enumerate(lines))
    source.write_text("text,label,phone\n" + rows, "utf-8", newline="")
    command = ["predict", str(source), "--out", str(tmp_path / f"out.{request.param}"), "--model", str(tiny_folder)]
    assert parser.main(command) == 0
    return source, tmp_path / f"out.{request.param}", [*command, "--resume"]


def test_an_output_that_is_there_is_taken_for_done_only_where_it_is_this_one(scored, capsys):
    source, out, command = scored
    before = out.read_bytes()
    assert parser.main(command) == 0
    assert f"{out} is there already: 6 rows" in capsys.readouterr().out
    for more, said in (
        (["--mask-personal"], "has another "),
        (["--map-labels", "1=0", "0=1"], "its columns are others"),
        (["--no-labels"], "its columns are others"),
        (["--model", "kosent-electra-small"], "the model here is kosent-electra-small@"),
    ):
        assert parser.main([*command, *more]) == 1
        assert said in capsys.readouterr().err
    source.write_text(source.read_text("utf-8") + "더 있다,1,\n", "utf-8")
    assert parser.main(command) == 1
    assert "it has 6 rows, and the texts are 7" in capsys.readouterr().err
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame[["doc_id", "text", "model_id"]], "its columns are others"),
        (lambda frame: frame.assign(extra=1), "its columns are others (extra)"),
        (lambda frame: frame.assign(pred=1 - frame["pred"]), "contradict each other"),
        (lambda frame: frame.assign(prob_1=1 - frame["prob_1"]), "row 1 has another answer"),
        (lambda frame: frame.assign(prob_1=float("nan")), "row 1 has another answer"),
        (lambda frame: frame.assign(model_id=[*frame["model_id"][:-1], None]), "row 6 names no model"),
        (lambda frame: frame.rename(columns={"text": "satz"}), "is no file of answers: it has no column text"),
    ],
)
def test_an_output_that_was_changed_is_not_taken_for_done(scored, capsys, change, said):
    _, out, command = scored
    if out.suffix == ".csv":
        frame = pd.read_csv(out, encoding="utf-8-sig", keep_default_na=False)
        change(frame).to_csv(out, index=False, encoding="utf-8-sig")
    else:
        change(pd.read_parquet(out)).to_parquet(out, index=False)
    assert parser.main(command) == 1
    assert said in capsys.readouterr().err


def test_an_output_of_another_kind_is_told(scored, tiny_folder, tmp_path, capsys):
    (tmp_path / "o.txt").write_text("a")
    command = ["predict", str(scored[0]), "--out", str(tmp_path / "o.txt"), "--model", str(tiny_folder), "--resume"]
    assert parser.main(command) == 1
    assert "the output ends in .parquet or .csv" in capsys.readouterr().err


def test_evaluate_writes_stable_keys(tiny_folder, tmp_path, capsys):
    path = tmp_path / "out.json"
    assert (
        parser.main(
            ["evaluate", "--data", "kosent-pack", "--limit", "200", "--model", str(tiny_folder), "--json", str(path)]
        )
        == 0
    )
    result = json.loads(path.read_text("utf-8"))
    needed = "n accuracy accuracy_ci accuracy_unleaked ece ece_calibrated brier nll temperature model_id data_sha256"
    assert set(needed.split()) <= set(result)
    assert result["n"] == 200
    assert f"accuracy                    {result['accuracy']:.4g}  (" in capsys.readouterr().out
    command = ["evaluate", "--data", "kosent-pack", "--limit", "200", "--model", str(tiny_folder), "--json", "-"]
    assert parser.main(command) == 0
    assert json.loads(capsys.readouterr().out) == result


def test_evaluate_without_labels_says_so(tmp_path, tiny_folder, capsys):
    path = tmp_path / "a.csv"
    path.write_text("text\n좋다\n", "utf-8")
    assert parser.main(["evaluate", "--data", str(path), "--model", str(tiny_folder)]) == 1
    assert "rows with a label 0 or 1" in capsys.readouterr().err


def test_full_disk_is_told_and_what_was_there_stays(tiny_folder, reviews, tmp_path, capsys, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device", "shard")

    monkeypatch.setattr("kosent_lab.scoring.shards.write_shard", full)
    out = tmp_path / "o.parquet"
    arguments = ["predict", str(reviews), "--out", str(out), "--text-column", "내용", "--model", str(tiny_folder)]
    assert parser.main(arguments) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert not out.exists()
    monkeypatch.undo()
    assert parser.main(arguments) == 0


def test_killed_process_goes_on(reviews, tiny_folder, tmp_path):
    """A real kill: the process dies after its first shard, and the next one ends with the same bytes."""
    program = (
        "import os, sys\n"
        "from kosent_lab import cli\nfrom kosent_lab.scoring import shards\n"
        "write = shards.write_shard\n"
        "def once(*arguments):\n"
        "    write(*arguments)\n"
        "    os.kill(os.getpid(), 9)\n"
        "shards.write_shard = once\n"
        "sys.exit(cli.main(sys.argv[1:]))\n"
    )
    arguments = ["predict", str(reviews), "--text-column", "내용", "--model", str(tiny_folder), "--shard-rows", "30"]
    out, whole = tmp_path / "o.parquet", tmp_path / "whole.parquet"
    killed = subprocess.run([sys.executable, "-c", program, *arguments, "--out", str(out)], check=False)
    assert killed.returncode == -9
    assert (tmp_path / "o.parquet.parts" / "part-00000.parquet").exists()
    assert parser.main([*arguments, "--out", str(out)]) == 0
    assert parser.main([*arguments, "--out", str(whole)]) == 0
    assert out.read_bytes() == whole.read_bytes()


def test_a_full_disk_leaves_the_result_of_an_earlier_evaluation(tiny_folder, tmp_path, capsys, monkeypatch):
    result = tmp_path / "out" / "result.json"
    command = ["evaluate", "--data", "kosent-pack", "--limit", "40", "--model", str(tiny_folder), "--json", str(result)]
    assert parser.main(command) == 0
    before = result.read_bytes()

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert parser.main(command) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert result.read_bytes() == before
    assert [path.name for path in result.parent.iterdir()] == ["result.json"]


def test_a_first_try_with_the_wrong_column_is_not_in_the_way(tiny_folder, reviews, tmp_path, capsys):
    out = tmp_path / "o.csv"
    command = ["predict", str(reviews), "--model", str(tiny_folder), "--out", str(out)]
    assert parser.main(command) == 1
    assert "needs column 'text'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [reviews.name]
    assert parser.main([*command, "--text-column", "내용", "--label-column", "평가"]) == 0


@pytest.mark.corpora("nsmc")
def test_a_calibration_is_not_measured_where_it_was_fitted(tmp_path, caplog):
    """The bundled model's temperature was fitted on nsmc:calib: measured there, it would prove nothing."""
    path = tmp_path / "calib.json"
    assert parser.main(["evaluate", "--data", "nsmc:calib", "--limit", "60", "--json", str(path)]) == 0
    result = json.loads(path.read_text("utf-8"))
    assert result["ece_calibrated"] is None
    assert result["temperature"] is None
    assert "fitted on these very texts (nsmc:calib)" in result["calibrated_on"]
    assert "fitted on these very texts" in caplog.text


@pytest.mark.corpora("sentineg")
def test_no_corpus_gives_its_test_rows_to_a_fit(capsys):
    assert parser.main(["evaluate", "--data", "kosent-pack", "--limit", "40", "--calib", "sentineg:test"]) == 1
    assert "must not see the test split" in capsys.readouterr().err


SUITE = """
capability = "demo"
[[tests]]
name = "one"
kind = "mft"
label = "positive"
templates = ["좋아요", "최고예요"]
"""


def test_models_are_asked_a_users_suite(tiny_folder, tmp_path, capsys):
    suite, out = tmp_path / "mine.toml", tmp_path / "out.json"
    suite.write_text(SUITE, "utf-8")
    command = ["evaluate", "--task", "behaviour", "--suite", str(suite), "--model", str(tiny_folder)]
    assert parser.main([*command, "--beside", "tfidf", "--json", str(out)]) == 0
    result = json.loads(out.read_text("utf-8"))
    assert (result["tests"], result["cases"], len(result["models"])) == (1, 2, 2)
    assert result["failure_rate"]["tfidf"]["mft"]["rate"] == 0
    assert result["differences"][0]["model"] == "tfidf"
    suite.write_text(SUITE.replace("mft", "aft"), "utf-8")
    assert parser.main(command) == 1
    assert f"{suite}, line 3, test one: a kind is one of" in capsys.readouterr().err


def test_the_suites_at_hand_are_asked(tiny_folder, tmp_path):
    out = tmp_path / "out.json"
    command = ["evaluate", "--task", "behaviour", "--model", str(tiny_folder), "--limit", "4", "--json", str(out)]
    assert parser.main(command) == 0
    result = json.loads(out.read_text("utf-8"))
    assert result["tests"] >= 36
    assert set(result["failure_rate"][result["models"][0]]) == {"mft", "inv", "dir"}
    assert result["not_run"] == ""


def test_three_classes_are_predicted(tmp_path, reviews, capsys):
    out = tmp_path / "out.csv"
    command = ["predict", str(reviews), "--text-column", "내용", "--three-way", "--out", str(out)]
    assert parser.main(command) == 0
    table = pd.read_csv(out)
    assert set(table["pred"]) <= {"negative", "neutral", "positive"}
    names = [f"class_prob_{name}" for name in ("negative", "neutral", "positive")]
    assert table[names].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-6)


def test_a_three_way_reading_of_another_model_is_refused(tmp_path, reviews, tiny_folder, capsys):
    command = ["predict", str(reviews), "--text-column", "내용", "--three-way", "--model", str(tiny_folder)]
    assert parser.main([*command, "--out", str(tmp_path / "out.csv")]) == 1
    assert "this three-way head was taught on kosent-electra-small@" in capsys.readouterr().err


def test_two_models_are_compared_on_the_same_texts(tiny_folder, tmp_path):
    path = tmp_path / "out.json"
    command = ["evaluate", "--data", "kosent-pack", "--limit", "300", "--beside", str(tiny_folder), "--json", str(path)]
    assert parser.main(command) == 0
    result = json.loads(path.read_text("utf-8"))
    (found,) = result["beside"]
    assert found["model_id"] != result["model_id"]
    assert found["accuracy_first"] == pytest.approx(result["accuracy"])
    assert found["difference"] == pytest.approx(found["accuracy_second"] - found["accuracy_first"])
    assert found["groups"] <= found["n"] == result["n"]
    assert "shifts" not in found  # without --calib there is nothing to fit one on
    assert {row["slice"] for row in found["where"]} >= {"polarity=negative", "polarity=positive"}
    assert {row["column"] for row in result["slices"]} >= {"domain", "polarity"}


def test_a_task_refuses_what_it_does_not_read(tiny_folder, capsys):
    options = {
        "beside": [str(tiny_folder)], "three_way": [], "calibrator": ["isotonic"], "positive_label": ["1"],
        "presidio": [], "unit": ["tokens"], "suite": ["mine.toml"], "data": ["mine.csv"], "sheet": ["mine"],
    }  # fmt: skip
    for task, read in score._READ.items():
        for name in options.keys() - read:
            option = f"--{name.replace('_', '-')}"
            assert parser.main(["evaluate", "--task", task, option, *options[name]]) == 1
            said = capsys.readouterr().err
            assert f"--task {task} does not read {option}. It reads --" in said
            assert len(said.splitlines()) == 1


def test_every_option_of_evaluate_is_read_by_a_task():
    evaluate = parser.build_parser().parse_args(["evaluate"])
    assert set().union(*score._READ.values()) == evaluate.unless_told.keys() - {"task", "run"}


def test_a_three_way_reading_is_measured_with_what_it_costs(tmp_path, capsys):
    path = tmp_path / "out.json"
    assert parser.main(["evaluate", "--data", "kosent-pack", "--three-way", "--json", str(path)]) == 0
    found = json.loads(path.read_text("utf-8"))["three_way"]
    assert found["macro_f1_ci"][0] < found["macro_f1"] < found["macro_f1_ci"][1]
    assert found["macro_f1"] > 0.7
    confusion = found["confusion"]
    polar = [confusion[name] for name in ("negative", "positive")]
    right = confusion["negative"]["negative"] + confusion["positive"]["positive"]
    assert found["polar_accuracy"] == pytest.approx(right / sum(sum(row.values()) for row in polar))
    assert found["polar_accuracy_change_ci"][0] < found["polar_accuracy_change"] < 0
    assert 0.5 < found["neutral_auroc"] < 1
    films = tmp_path / "films.csv"
    films.write_text("text,label\n정말 좋아요,1\n최악이에요,0\n별로예요,0\n", "utf-8")
    assert parser.main(["evaluate", "--data", str(films), "--three-way", "--json", str(path)]) == 0
    found = json.loads(path.read_text("utf-8"))["three_way"]
    assert (found["macro_f1"], found["neutral_auroc"], found["n_polar"]) == (None, None, 3)


def test_two_models_are_compared_by_each_ones_own_shift(tiny_folder, tmp_path, pack, capsys):
    calib = tmp_path / "calib.csv"
    pack[pack["label"].notna()].tail(60)[["text", "label"]].to_csv(calib, index=False)
    out = tmp_path / "beside.json"
    command = ["evaluate", "--data", "kosent-pack", "--limit", "60", "--model", str(tiny_folder)]
    fast = BUNDLED_FOLDER.parent / "kosent-electra-small-fast"
    command += ["--calib", str(calib), "--beside", str(fast), "--precision", "fp32", "--json", str(out)]
    assert parser.main(command) == 0
    (found,) = json.loads(out.read_text("utf-8"))["beside"]
    own = fit_shift(predict_frame(load(calib), load_classifier(fast, device="cpu", precision="fp32")))
    assert abs(own) > 0.01
    assert found["shifts"] == pytest.approx([0.0, own], abs=1e-3)
    assert "the first model is compared without a shift" in capsys.readouterr().err  # whose weights are random


def test_labels_below_zero_are_mapped(tiny_folder, tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("text,label\n좋다,1\n싫다,-1\n그렇다,0\n", "utf-8")
    command = ["predict", str(source), "--out", str(out), "--model", str(tiny_folder)]
    assert parser.main([*command, "--map-labels", "1=1", "-1=0", "0=neutral"]) == 0
    assert pd.read_csv(out)["polarity"].tolist() == ["positive", "negative", "neutral"]


def test_ids_that_repeat_are_told(tiny_folder, tmp_path, caplog):
    source = tmp_path / "in.csv"
    source.write_text("doc_id,text\na,좋다\na,싫다\n", "utf-8")
    assert parser.main(["predict", str(source), "--out", str(tmp_path / "o.csv"), "--model", str(tiny_folder)]) == 0
    assert "ids in doc_id repeat or are missing" in caplog.text


def test_a_file_parted_by_another_sign_is_told_so(tiny_folder, tmp_path, capsys):
    source = tmp_path / "in.csv"
    source.write_text("id;text;label\n1;좋다;1\n", "utf-8")
    assert parser.main(["predict", str(source), "--out", str(tmp_path / "o.csv"), "--model", str(tiny_folder)]) == 1
    assert "is it parted by ';'?" in capsys.readouterr().err


def test_texts_that_are_cut_or_blank_are_told(tiny_folder, tmp_path, caplog):
    source = tmp_path / "in.csv"
    source.write_text("text\n" + "좋다 " * 2_000 + '\n" "\n싫다\n', "utf-8")
    assert parser.main(["predict", str(source), "--out", str(tmp_path / "o.csv"), "--model", str(tiny_folder)]) == 0
    assert "in.csv: 1 text is cut after" in caplog.text
    assert "in.csv: 1 text is blank" in caplog.text


def test_evaluate_names_nobody(tmp_path, tiny_folder, caplog, capsys):
    path = tmp_path / "a.csv"
    rows = "".join(f"좋다 {n},{n % 2},{'상담 010-0000-0000' if n % 4 < 2 else '앱'}\n" for n in range(48))
    path.write_text("text,label,domain\n" + rows, "utf-8")
    assert parser.main(["evaluate", "--data", str(path), "--model", str(tiny_folder), "--json", "-"]) == 0
    assert "holds what names persons: 24 phone numbers; hidden in what is written" in caplog.text
    said = capsys.readouterr().out
    assert "010-0000" not in said
    assert "상담 [전화번호]" in said


def test_texts_come_back_from_our_own_files_as_they_were(tiny_folder, tmp_path):
    texts = ["- 별로예요", "@맛집 추천", "'=1+1", "''- x", "'영화'", "-5"]
    pd.DataFrame({"text": texts, "-더": "=x"}).to_parquet(tmp_path / "in.parquet")
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    for source, out in ((tmp_path / "in.parquet", first), (first, second)):
        assert parser.main(["predict", str(source), "--out", str(out), "--model", str(tiny_folder)]) == 0
    once, twice = load(first), load(second)
    assert once["text"].tolist() == twice["text"].tolist() == texts
    assert once["-더"].tolist() == ["=x"] * 6
    assert twice["input_prob_1"].tolist() == once["input_prob_1"].tolist()


def test_an_output_is_done_only_where_every_column_is_the_same(tiny_folder, tmp_path, capsys):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    frame = pd.DataFrame({"text": ["좋다", "싫다"], "number": [1, 2], "prob_note": ["a", "b"], "list": [[1], [2, 3]]})
    command = ["predict", str(source), "--out", str(out), "--model", str(tiny_folder)]
    frame.to_parquet(source)
    assert parser.main(command) == 0
    assert parser.main([*command, "--resume"]) == 0
    frame.assign(number=[1, 7]).to_parquet(source)
    assert parser.main([*command, "--resume"]) == 1
    assert "row 2 has another number" in capsys.readouterr().err


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_names_that_are_not_utf8_are_read_and_written(tiny_folder, tmp_path, ending):
    name = b"\xb8\xae\xba\xe4".decode("utf-8", "surrogateescape")
    source, out = tmp_path / f"{name}.parquet", tmp_path / f"{name}-out{ending}"
    with source.open("wb") as file:
        pd.DataFrame({"text": ["좋다", "싫다"]}).to_parquet(file)
    command = ["predict", str(source), "--out", str(out), "--model", str(tiny_folder)]
    assert parser.main(command) == 0
    assert parser.main([*command, "--resume"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source.name, out.name])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "{a}", "--data", "{a}"], "argument --data: is given twice"),
        (["--data", "{a}", "--map-labels", "1=1", "0=0", "{a}"], "A file stands before --map-labels"),
        (["--data", "{a}", "--sheet", "x"], "has no sheets; leave out sheet (--sheet)"),
        (["--data", "{folder}"], "is a folder; name a file in it"),
        (["--data", "http://example.com/a.csv"], "is an address; download it first"),
    ],
)
def test_what_would_be_dropped_unsaid_is_refused(tmp_path, capsys, words, said):
    path = tmp_path / "a.csv"
    path.write_text("text,label\n좋다,1\n", "utf-8")
    words = [word.format(a=path, folder=tmp_path) for word in words]
    with contextlib.suppress(SystemExit):
        assert parser.main(["evaluate", *words]) == 1
    assert said in capsys.readouterr().err


def test_columns_that_hold_nothing_or_lists_are_no_slices(tiny_folder, tmp_path, capsys):
    frame = pd.DataFrame({"text": ["좋다", "싫다"] * 20, "label": [1, 0] * 20})
    frame = frame.assign(rating=None, pair_id=[[1]] * 40, date=b"\xb8\xae")
    frame.to_parquet(tmp_path / "in.parquet")
    assert parser.main(["evaluate", "--data", str(tmp_path / "in.parquet"), "--model", str(tiny_folder)]) == 0
    assert "nobody expected" not in capsys.readouterr().err
