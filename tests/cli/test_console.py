"""The console as a user has it: real processes, with pipes, signals and encodings."""

import os
import shlex
import signal
import subprocess
import sys

import pytest

from kosent_lab.cli import crashes, data, parser
from kosent_lab.cli.options import kind_of_stdin, print_result
from kosent_lab.core.exceptions import DataError

COMMAND = [sys.executable, "-m", "kosent_lab"]


def start(tmp_path, *arguments, **environment):
    return subprocess.Popen(
        [*COMMAND, *arguments], cwd=tmp_path, env=os.environ | environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["ascii", "cp949", "ascii:strict", "latin-1"])
def test_what_a_console_cannot_show_becomes_an_escape(tmp_path, encoding):
    process = start(tmp_path, "tokens", "재미가 👍 ก\x1b[31m\u202e", PYTHONIOENCODING=encoding)
    out, error = process.communicate()
    assert process.returncode == 0, error
    assert b"\\U0001f44d" in out
    assert b"\\x1b[31m\\u202e" in out
    assert b"\x1b" not in out
    assert b"Traceback" not in error
    failed = start(tmp_path, "data", "verify", "없는\x1b이름", PYTHONIOENCODING=encoding)
    _, error = failed.communicate()
    assert failed.returncode == 1
    assert error.count(b"\n") == 1
    assert b"\\x1b" in error
    assert b"\x1b" not in error


@pytest.mark.skipif(os.name != "posix", reason="pipes of a shell")
@pytest.mark.parametrize("arguments", [["data", "list"], ["--help"]])
def test_a_reader_that_leaves_early_is_no_failure_to_tell(tmp_path, arguments):
    process = start(tmp_path, *arguments)
    process.stdout.close()
    error = process.stderr.read()
    assert process.wait() in (0, 141)
    assert error == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_output_that_cannot_be_written_is_told_in_a_line(tmp_path):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, "data", "list"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == ["kosent-lab: No space left on device"]


PROGRAM = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from kosent_lab.cli import data, parser
def run(arguments):
    print("ready", flush=True)
    time.sleep(60)
data.list_data = run
sys.exit(parser.main(["data", "list"]))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_command_in_order(number, status):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    _, error = process.communicate(timeout=30)
    assert process.returncode == status
    assert error.decode() == (
        "kosent-lab: stopped; files are whole or as they were, and a job that is resumable goes on where it was\n"
    )


IN_A_CALLBACK = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from kosent_lab.cli import data, parser
class Fleeting:
    def __del__(self):
        os.kill(os.getpid(), {number})
        for _ in range(1000):
            pass
def run(arguments):
    Fleeting()
    print("the signal was forgotten" * (time.sleep(20) is None))
data.list_data = run
sys.exit(parser.main(["data", "list"]))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_in_a_callback_of_the_collector_is_not_forgotten(number, status):
    program = IN_A_CALLBACK.format(number=int(number))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "kosent-lab: stopped; files are whole or as they were, and a job that is resumable goes on where it was"
    ]


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("moment", ["early", "late"])
def test_ctrl_c_before_or_after_a_command_leaves_no_trace(moment):
    send = "os.kill(os.getpid(), signal.SIGINT)"
    first = {
        "early": f"class Finder:\n    def find_spec(*_):\n        {send}\nsys.meta_path.insert(0, Finder())\n",
        "late": f"atexit.register(lambda: {send})\n",
    }[moment]
    program = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    program += f"import atexit, os, sys\nfrom kosent_lab.__main__ import start\n{first}"
    program += "sys.argv[1:] = ['data', 'list']\nsys.exit(start())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == (130 if moment == "early" else -signal.SIGINT)
    assert done.stderr == ""


def failing(monkeypatch, error):
    def run(arguments):
        raise error

    monkeypatch.setattr(data, "list_data", run)
    return parser.main(["data", "list"])


def test_an_unexpected_error_is_one_line_and_its_trace_a_private_file(monkeypatch, capsys, tmp_path):
    assert failing(monkeypatch, KeyError("a review of somebody")) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("kosent-lab: an error that nobody expected (KeyError in cli/parser.py:")
    assert "please report" in error
    assert "review" not in error
    (trace,) = (tmp_path / "cache" / "crashes").glob("*.txt")
    assert str(trace) in error
    assert "a review of somebody" in trace.read_text("utf-8")
    assert "Traceback" in trace.read_text("utf-8")
    if os.name == "posix":
        assert trace.stat().st_mode & 0o777 == 0o600
    assert crashes.purge() == [trace]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "the memory of this machine does not suffice"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "the memory of this machine does not suffice"),
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
        (DataError("two\nlines \x1b[1m\u2028"), "two\\nlines \\x1b[1m\\u2028"),
        (PermissionError(13, "Permission denied", "/a\nb"), "Permission denied: /a\\nb"),
        (AssertionError(), "nobody expected (AssertionError"),
    ],
)
def test_every_error_is_one_line(monkeypatch, capsys, error, words):
    assert failing(monkeypatch, error) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert words in told


def test_a_trace_that_cannot_be_written_is_said(monkeypatch, capsys, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    assert failing(monkeypatch, KeyError("x")) == 1
    assert "its trace could not be written into" in capsys.readouterr().err


def test_what_libraries_warn_of_stays_out(monkeypatch, capsys):
    import logging
    import warnings

    def run(arguments):
        warnings.warn("old things", stacklevel=1)
        logging.getLogger("somelibrary").error("noise")
        logging.getLogger("kosent_lab.x").warning("ours\x1b")

    monkeypatch.setattr(data, "list_data", run)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert parser.main(["data", "list"]) == 0
    assert capsys.readouterr().err == "ours\\x1b\n"


def test_wrong_arguments_are_told_without_their_controls(capsys):
    with pytest.raises(SystemExit):
        parser.main(["data", "list", "--no\x1b[31m"])
    error = capsys.readouterr().err
    assert "\x1b" not in error
    assert "\\x1b[31m" in error


def test_purge_says_what_it_removed_and_takes_nothing_else(capsys, tmp_path):
    from kosent_lab.korean import readings

    readings.read_cached(["a"], ["영화는 좋다"])
    crashes.keep(ValueError("x"))
    kept = tmp_path / "cache" / "crashes" / "mine.txt"
    kept.write_text("mine")
    assert parser.main(["data", "purge"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("removed ") == 2
    assert "readings.sqlite" in shown
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == ["mine.txt"]
    assert parser.main(["data", "purge"]) == 0
    assert capsys.readouterr().out == "there is nothing to remove\n"


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        ("text\n좋다\n", ".csv"),
        ("제목\n\ntext\tlabel\n좋다\t1\n싫다\t0\n", ".tsv"),  # a title stands above
        ("text,label\n가\t나,1\n다,0\n라,0\n", ".csv"),  # a tab in a text
        ('\n{"text": "좋다"}\n', ".jsonl"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_stands_on_standard_input_is_told_by_its_text(content, ending, encoding):
    assert kind_of_stdin(content.encode(encoding)) == ending


@pytest.mark.parametrize(("content", "said"), [(b"\x1f\x8b\x08", "gzip -dc"), (b'[{"text": 1}]', "jq -c")])
def test_what_cannot_be_read_from_standard_input_is_said(content, said):
    with pytest.raises(DataError, match=said):
        kind_of_stdin(content)


@pytest.mark.parametrize(
    ("command", "ending"),
    [
        (["data", "mask", "a.csv"], ".csv"),
        (["corpus", "find", "built"], ".csv"),
        (["corpus", "wishes", "built", "--registry", "r.csv"], ".csv"),
        (["corpus", "history", "clone", "a.py"], ".csv"),
        (["study", "boundaries"], ".csv"),
        (["study", "transfer"], ".csv"),
        (["study", "three-way"], ".parquet"),
        (["study", "rejectors"], ".parquet"),
    ],
    ids=lambda given: " ".join(given[:2]) if isinstance(given, list) else "",
)
def test_a_file_is_what_its_name_says(command, ending, capsys):
    with pytest.raises(SystemExit, match="2"):
        parser.main([*command, "--out", "all.xlsx"])
    assert f"--out: needs a file that ends in {ending}; got 'all.xlsx'" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["0", "-5", "1.5", "many", "²"])
def test_what_counts_is_a_whole_number_from_one(given, capsys):
    with pytest.raises(SystemExit, match="2"):
        parser.main(["predict", "a.csv", "--out", "b.csv", f"--shard-rows={given}"])
    assert f"needs a whole number from 1; got '{given}'" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--looks", "--layers", "--steps", "--accumulate", "--patience", "--largest-mb"])
def test_a_training_of_nothing_is_refused(option, capsys):
    with pytest.raises(SystemExit, match="2"):
        parser.main(["train", "finetune", "--out", "run", option, "0"])
    assert f"{option}: needs a whole number from 1; got '0'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("closed", "words", "status"),
    [
        (">&-", b"standard output is closed", 1),
        ("2>&-", b"", 0),
        ("<&-", b"", 0),
    ],
)
def test_a_closed_stream_is_no_error_unless_it_is_needed(closed, words, status):
    command = f"{shlex.quote(sys.executable)} -m kosent_lab data list {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == status
    assert words in done.stderr
    command = f"{shlex.quote(sys.executable)} -m kosent_lab predict - --out nowhere.csv <&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True)
    assert (done.returncode, b"standard input is closed" in done.stderr) == (1, True)


def test_a_result_is_shown_with_its_intervals_and_tables(capsys):
    result = {"n": 3, "accuracy": 0.51234, "accuracy_ci": [0.2, None], "none": None, "rows": [{"a": 1.5, "b": "x\x1b"}]}
    print_result(result | {"kinds": {"mail": {"recall": 1.0}}}, None)
    assert capsys.readouterr().out.splitlines() == [
        "n                           3",
        "accuracy                    0.5123  (0.2 to –)",
        "",
        "rows:",
        "    a     b",
        "  1.5 x\\x1b",
        "",
        "kinds:",
        "",
        "  mail:",
        "    recall                      1",
    ]
