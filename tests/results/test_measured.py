"""What is kept is what a command wrote, with the command beside it."""

import json

import pytest

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.results import measured


def test_keeping_takes_the_place_of_an_older_entry(tmp_path):
    path, output = tmp_path / "measured.json", tmp_path / "out.json"
    output.write_text('{"n": 1}', "utf-8")
    with pytest.raises(DataError, match="'speed' is new: say which command printed it"):
        measured.keep("speed", output, path=path)
    measured.keep("speed", output, command="kosent-lab bench", machine="two cores", path=path)
    output.write_text('{"n": 2}', "utf-8")
    measured.keep("speed", output, path=path)
    (entry,) = measured.load_measured(path).values()
    assert entry["result"] == {"n": 2}
    assert (entry["command"], entry["machine"]) == ("kosent-lab bench", "two cores")
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


@pytest.mark.parametrize(("content", "says"), [("[1]", "holds a list"), ("{", "is no JSON")])
def test_what_no_command_wrote_is_refused(tmp_path, content, says):
    output = tmp_path / "out.json"
    output.write_text(content, "utf-8")
    with pytest.raises(DataError, match=says):
        measured.keep("speed", output, command="kosent-lab bench", path=tmp_path / "measured.json")
    with pytest.raises(NotAvailableError, match="write it with a command's --json"):
        measured.keep("speed", tmp_path / "none.json", command="x", path=tmp_path / "measured.json")


def test_entries_are_whole(tmp_path):
    path = tmp_path / "measured.json"
    entry = {"name": "a", "command": "c", "date": "d", "machine": "", "result": {}}
    path.write_text(json.dumps([entry, entry]), "utf-8")
    with pytest.raises(DataError, match="each name stands once"):
        measured.load_measured(path)
    path.write_text(json.dumps([{"name": "a", "result": {}}]), "utf-8")
    with pytest.raises(DataError, match=r"a lacks \['command', 'date', 'machine'\]"):
        measured.load_measured(path)
    assert measured.load_measured(tmp_path / "none.json") == {}
