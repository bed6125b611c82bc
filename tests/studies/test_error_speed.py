from kosent_lab.studies import error_speed


def test_search_and_filters_are_timed(scored):
    asked = []
    result = error_speed.run(scored, lambda frame, name: asked.append(name) or [], ["a", "b"])
    assert (result["rows"], result["filters"]) == (400, 2)
    assert asked.count("a") == error_speed.ROUNDS
    assert result["find_slices_ratio"] == result["find_slices_seconds"] / result["slice_table_seconds"]
    assert result["filter_ms"] <= result["filter_ms_largest"]
