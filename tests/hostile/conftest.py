"""What was tried is said at the end."""

import pytest

from tests.hostile.oracle import TRIED


@pytest.fixture(autouse=True)
def _quiet_bars(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")


def pytest_terminal_summary(terminalreporter):
    if TRIED:
        terminalreporter.write_line("hostile: " + ", ".join(f"{n:,} {what}" for what, n in sorted(TRIED.items())))
