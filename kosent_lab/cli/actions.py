"""What options do that argparse has no action for: take nothing that is meant for another, drop nothing unsaid."""

from __future__ import annotations

import argparse
from typing import Any


class Meanings(argparse.Action):
    """``--map-labels``: meanings, and no file that they would swallow; given again, more of them."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Add the meanings."""
        if odd := [value for value in values if "=" not in value]:
            raise argparse.ArgumentError(
                self, f"needs LABEL=MEANING; got {odd[0]!r}. A file stands before {self.option_strings[0]}."
            )
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or []), *values])


class Once(argparse.Action):
    """An option of one thing to read: a second one would take the place of the first unsaid."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Keep the value, unless there is one."""
        if getattr(namespace, self.dest) is not self.default:
            raise argparse.ArgumentError(self, f"is given twice: {getattr(namespace, self.dest)} and {values}")
        setattr(namespace, self.dest, values)
