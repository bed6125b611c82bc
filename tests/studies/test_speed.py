import numpy as np
import pytest

from kosent_lab.scoring.encode import bucket_batches, encode_texts
from kosent_lab.studies import cutting_speed, speed, training_speed


def test_padding_share_by_hand():
    lengths = np.array([4, 2, 2])
    batches = [np.array([0, 1]), np.array([2])]
    # 4 + 2 of 8 positions and 2 of 2 are filled: 2 of 10 are padding; at width 8, 16 of 24
    assert speed.padding_share(lengths, batches) == pytest.approx(0.2)
    assert speed.padding_share(lengths, batches, width=8) == pytest.approx(16 / 24)


def test_operations_by_hand(tiny):
    # two layers of four 32x32, one 32x64 and one 64x32 matrix: 2 * 8,192 weights, twice a token;
    # attention: two products of length² * 32, two operations each, in two layers
    ten = 2 * 2 * 8_192 * 10 + 4 * 2 * 32 * 100
    assert speed.operations_per_text(tiny, np.array([10])) == ten


def test_kinds_of_batches_hold_the_same_texts(tiny, pack):
    texts = pack["text"].head(70)
    table = speed.compare_batching(tiny, texts, rows=32, width=64).set_index("way")
    lengths = np.array([len(ids) for ids in encode_texts(tiny.tokenizer.backend_tokenizer, texts, max_tokens=512)[0]])
    assert table.loc["fixed", ["batches", "positions"]].tolist() == [3, 70 * 64]
    longest = [lengths[start : start + 32].max() * len(lengths[start : start + 32]) for start in (0, 32, 64)]
    assert table.loc["as they come", "positions"] == sum(longest)
    assert table["padding_share"].between(0, 1).all()
    assert table.loc["sorted by length", "positions"] <= table.loc["as they come", "positions"]
    filled = table["positions"] * (1 - table["padding_share"])
    assert filled.to_numpy() == pytest.approx(np.minimum(lengths, 64).sum())


def test_bench_measures_the_same_texts(tiny_folder, pack):
    result = speed.run(str(tiny_folder), pack["text"].head(150), beside=str(tiny_folder), pipeline_texts=40)
    needed = "pipeline_default_rps pipeline_b32_rps exact_rps fastest_rps max_logit_difference padding_share"
    needed += " padding_share_fixed peak_gflops achieved_gflops exact_ratio fastest_ratio agreement"
    assert set(needed.split()) <= set(result)
    assert result["max_logit_difference"] < 1e-4
    assert 0 <= result["padding_share"] < result["padding_share_fixed"] < 1
    assert result["n"] == 150
    assert result["beside_ratio"] == pytest.approx(result["beside_rps"] / result["fastest_rps"], abs=0.01)


def test_length_buckets_hold_little_padding(tiny, pack):
    ids, _ = encode_texts(tiny.tokenizer.backend_tokenizer, pack["text"], max_tokens=512)
    lengths = np.array([len(row) for row in ids])
    buckets = bucket_batches(lengths, batch_tokens=2_048)
    as_they_come = [np.arange(start, min(start + 32, len(ids))) for start in range(0, len(ids), 32)]
    assert speed.padding_share(lengths, buckets) < 0.4 * speed.padding_share(lengths, as_they_come)


def test_memory_is_measured_in_a_process_of_its_own(tiny_folder, pack):
    ballast = np.ones(250_000_000)  # two gigabytes of who measures count for nothing
    result = speed.peak_memory(str(tiny_folder), pack["text"], rows=3_000)
    assert result["memory_rows"] == 3_000
    assert 200 < result["memory_peak_mb"] < ballast.nbytes / 1e6


def test_cutting_is_measured_for_each_tokenizer(pack):
    result = cutting_speed.run(pack["text"].head(60), ["syllables", "jamo"], read_alone=60)
    assert result["n"] == 60
    assert set(result["cut_seconds"]) == {"syllables", "jamo"}
    assert result["kiwi_thread_ratio"] > 0


def test_training_is_measured_with_both_optimizers(pack, tiny_tokenizer):
    result = training_speed.run(pack["text"].head(300), tiny_tokenizer, layers=1, steps=10)
    for name in ("pretrain_muon", "pretrain_adamw", "finetune_muon", "finetune_adamw"):
        assert result[f"{name}_tokens_per_second"] > 0
        assert 0 < result[f"{name}_peak_share"] < 1
