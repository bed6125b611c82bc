import asyncio

from kosent_lab.studies import error_speed


def test_search_and_filters_are_timed_within_a_loop(scored):
    asked, loops = [], []

    def choose(name):
        asked.append(name)
        loops.append(asyncio.get_running_loop())

    result = error_speed.run(scored, choose, ["a", "b"])
    assert (result["rows"], result["filters"]) == (400, 2)
    assert asked == ["a", "b"] * error_speed.ROUNDS
    assert loops
    assert result["find_slices_ratio"] == result["find_slices_seconds"] / result["slice_table_seconds"]
    assert result["filter_ms"] <= result["filter_ms_largest"]
    assert result["explain_ms_largest"] >= 0
