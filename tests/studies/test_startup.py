from kosent_lab.studies import startup


def test_starts_are_measured_against_what_they_stand_on():
    result = startup.run(rounds=1)
    for name in ("tokens", "kiwi", "predict", "imports"):
        assert result[f"{name}_seconds"] > 0
    assert result["tokens_ratio"] > 0
    assert result["predict_ratio"] > 0
