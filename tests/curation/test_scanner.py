import sys

import pandas as pd
import pytest

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.curation.scanner import scan

SCANNER = """
import sys
path = sys.argv[-1]
text = open(path, "rb").read()
if b"EICAR" in text:
    print(path + ": Test-Signature FOUND")
sys.exit(2 if b"broken" in text else b"EICAR" in text)
"""


def test_what_the_scanner_refuses_leaves_with_what_it_said(tmp_path):
    program = tmp_path / "scanner.py"
    program.write_text(SCANNER, "utf-8")
    command = [sys.executable, str(program)]
    frame = pd.DataFrame(
        {"doc_id": ["a", "b", "c"], "text": ["좋다", "x EICAR x", None], "path": ["a.py", "b", "c.js"]}
    )
    found = scan(frame, command)
    assert found.removed.to_dict("records") == [
        {"doc_id": "b", "reason": "the scanner refuses it", "other": "Test-Signature FOUND"}
    ]
    assert found.facts == {"command": command, "refused": 1}
    with pytest.raises(DataError, match="the scanner failed at a with 2"):
        scan(frame.assign(text="broken"), command)
    with pytest.raises(NotAvailableError, match="is not there"):
        scan(frame, ["no-such-scanner"])
