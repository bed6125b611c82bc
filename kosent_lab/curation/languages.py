"""In which script a text is written: Korean, mixed, another, or none at all."""

from __future__ import annotations

import pandas as pd

KOREAN, MIXED, OTHER, NONE = "ko", "mixed", "other", "none"


def text_language(texts: pd.Series) -> pd.Series:
    """Tell of each text in which script most of its letters are.

    Parameters
    ----------
    texts : Series of str, shape (n,)

    Returns
    -------
    Series of str, shape (n,)
        ``ko`` (Hangul is more than half of the letters, single ㅋ and ㅠ included), ``mixed`` (it is less, and there
        is some), ``other`` (there are letters and none is Hangul), ``none``.

    Examples
    --------
    >>> text_language(pd.Series(["좋아요 good", "a very long review 굿", "good", "...!!"])).tolist()
    ['mixed', 'mixed', 'other', 'none']
    """
    texts = texts.fillna("").astype(str)
    letters, hangul = texts.str.count(r"[^\W\d_]"), texts.str.count("[가-힣ㄱ-ㅎㅏ-ㅣ]")
    language = pd.Series(OTHER, index=texts.index, dtype="str")
    language[hangul > 0] = MIXED
    language[2 * hangul > letters] = KOREAN
    language[letters == 0] = NONE
    return language
