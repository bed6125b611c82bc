import math

import pandas as pd

from kosent_lab.curation.duplicate_scores import score_pairs

LONG = "배우들의 연기가 훌륭하고 이야기도 탄탄해서 두 시간이 금방 갔다"


def test_pairs_are_counted_against_all_pairs():
    texts = pd.Series([LONG, LONG + " ㅎ", LONG + "!!", "전혀 다른 이야기를 하는 글", "", LONG[:20]])
    found = score_pairs(texts, threshold=0.8)
    assert found | {"precision_ci": None, "recall_ci": None} == {
        "threshold": 0.8,
        "texts": 4,
        "pairs": 1,
        "found": 1,
        "precision": 1.0,
        "recall": 1.0,
        "precision_ci": None,
        "recall_ci": None,
    }
    assert found["recall_ci"][0] < 1 == found["recall_ci"][1]
    assert math.isnan(score_pairs(texts.head(1), threshold=0.8)["recall"])
