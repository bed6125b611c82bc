"""What slices, columns and names of the user's are called on the page, in the words of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from kosent_lab.core.printable import cut, isolated
from kosent_lab.errors.slices import is_flag
from kosent_lab.figures.theme import drawable

LONGEST_NAME = 120  # characters
_OURS = ("phenomenon", "domain", "length_band")  # columns whose values have names on the page
JOSA_FLAG = "has_josa_"  # of `tokenization.holds_particles`


def slice_name(column: str, t: dict[str, str]) -> str:
    """Return what the reader calls a slice column; a user's own column keeps its name."""
    if column.startswith(JOSA_FLAG):
        return t["s_has_josa"].format(josa=column.removeprefix(JOSA_FLAG))
    return t.get(f"s_{column}", column)


def slice_value(column: str, value: str, t: dict[str, str]) -> str:
    """Return what the reader calls a value of a slice column: yes and no, labels and the pack's phenomena by name."""
    names = {"True": "yes", "False": "no", "negative": "negative", "positive": "positive", "neutral": "neutral"}
    if not value.strip():
        return t["blank_value"]
    if value in names:
        return t[names[value]]
    return t.get(f"v_{value.replace(' ', '_')}", value) if column in _OURS else value


def conditions_name(conditions: Sequence[tuple[str, str]], t: dict[str, str]) -> str:
    """Return a slice in words: what is asked of each of its columns."""
    asked = [
        shown_name(slice_name(column, t)) if value == "True" and (is_flag(column) or column == "leaked") else
        t["is_value"].format(column=shown_name(slice_name(column, t)), value=shown_name(slice_value(column, value, t)))
        for column, value in conditions
    ]  # fmt: skip
    return t["and"].join(asked)


def shown_name(name: str) -> str:
    """Return a name of the user's as a sentence or a cell can hold it: on one line, cut, its direction kept inside."""
    one_line = " ".join(cut(name, 10 * LONGEST_NAME).split())
    return isolated(cut(drawable(one_line, keep_letters=True), LONGEST_NAME))
