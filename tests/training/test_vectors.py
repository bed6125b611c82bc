import numpy as np

from kosent_lab.training.vectors import cooccurrences, static_vectors


def test_pieces_of_the_same_company_lie_near_each_other():
    random = np.random.default_rng(0)
    # 0 and 1 stand beside 10–19, 2 and 3 beside 20–29, 4 nowhere
    rows = [
        np.array([random.choice([0, 1] if low == 10 else [2, 3]), *random.integers(low, low + 10, 3)])
        for low in (10, 20)
        for _ in range(400)
    ]
    vectors = static_vectors(rows, 30, dimensions=8)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    assert unit[0] @ unit[1] > 0.8 > unit[0] @ unit[2] + 0.3
    assert not vectors[4].any()


def test_counts_do_not_cross_rows_and_are_symmetric():
    counts = cooccurrences([np.array([0, 1]), np.array([2, 3]), np.array([], dtype="int32")], 4).toarray()
    assert counts[1, 2] == 0
    assert counts[0, 1] == counts[1, 0] == 1
    assert counts.sum() == 4
