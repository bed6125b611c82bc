"""Static vectors of pieces, to start embeddings from: which pieces stand near each other, factorised.

A masked-language generator that starts from random embeddings predicts nothing but the commonest
pieces for its first thousands of steps; static vectors, a minute's work, spare it these.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

logger = logging.getLogger(__name__)


def cooccurrences(rows: Sequence[np.ndarray], size: int, *, window: int = 4) -> sparse.csr_matrix:
    """Count which pieces stand within `window` of each other in the same row, nearer ones for more.

    Parameters
    ----------
    rows : sequence of ndarray of int
        Piece ids of each text.
    size : int
        Number of pieces.
    window : int
        A pair at distance d counts 1/d.

    Returns
    -------
    csr_matrix of float32, shape (size, size)
        Symmetric.

    Examples
    --------
    >>> cooccurrences([np.array([0, 1, 2])], 3).toarray()
    array([[0. , 1. , 0.5],
           [1. , 0. , 1. ],
           [0.5, 1. , 0. ]], dtype=float32)
    """
    flat = np.concatenate([*rows, np.zeros(0, dtype="int32")]).astype("int32")
    row = np.repeat(np.arange(len(rows), dtype="int32"), [len(r) for r in rows])
    total = sparse.csr_matrix((size, size), dtype="float32")
    for distance in range(1, window + 1):
        same = row[:-distance] == row[distance:]
        left, right = flat[:-distance][same], flat[distance:][same]
        weight = np.full(len(left), 1 / distance, dtype="float32")
        total += sparse.coo_matrix((weight, (left, right)), shape=(size, size)).tocsr()
    return total + total.T.tocsr()


def static_vectors(
    rows: Sequence[np.ndarray], size: int, *, dimensions: int = 128, window: int = 4, seed: int = 0
) -> np.ndarray:
    """Factorise the positive pointwise mutual information of pieces.

    Parameters
    ----------
    rows : sequence of ndarray of int
        Piece ids of each text.
    size : int
        Number of pieces.
    dimensions : int
    window : int
    seed : int
        Of the randomised factorisation.

    Returns
    -------
    ndarray of float32, shape (size, dimensions)
        Left singular vectors times the roots of the singular values; zero for a piece never seen.

    References
    ----------
    Levy, Goldberg and Dagan 2015, "Improving distributional similarity with lessons learned from word
    embeddings" (context counts to the power 0.75, roots of the singular values).
    """
    counts = cooccurrences(rows, size, window=window).tocoo()
    of_piece = np.bincount(counts.row, counts.data, minlength=size)
    of_context = of_piece**0.75
    expected = of_piece[counts.row] * of_context[counts.col] / of_context.sum()
    information = np.log(np.maximum(counts.data / expected, 1.0)).astype("float32")
    kept = information > 0
    matrix = sparse.csr_matrix((information[kept], (counts.row[kept], counts.col[kept])), shape=(size, size))
    left, values, _ = randomized_svd(matrix, dimensions, n_iter=4, random_state=seed)
    logger.info("static vectors of %d pieces from %.1f million pairs", size, matrix.nnz / 1e6)
    vectors = (left * np.sqrt(values)).astype("float32")
    vectors[of_piece == 0] = 0  # the factorisation leaves noise there
    return vectors
