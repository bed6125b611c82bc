import unicodedata

import numpy as np
import pandas as pd
import pytest

from kosent_lab.behaviour.effects import effect_table, score_changes
from kosent_lab.behaviour.particles import perturb
from kosent_lab.core.exceptions import DataError
from kosent_lab.korean.readings import read_cached
from kosent_lab.scoring.predict import predict_frame
from kosent_lab.studies.particles import change_particles


def made(*, size, control, n=200, kind="delete"):
    random = np.random.default_rng(0)
    log_odds = random.normal(0, 2, n)
    table = pd.DataFrame({"doc_id": [str(i) for i in range(n)], "kind": kind, "josa": "은", "log_odds": log_odds})
    table["change"] = random.normal(0, size, n)
    table["control_change"] = random.normal(0, control, n)
    label = pd.array((log_odds > 0).astype(int), dtype="Int64")
    table = table.assign(label=label, correct=pd.array([True] * n, dtype="boolean"))
    for change, names in {
        "change": ("flipped", "correct_changed"),
        "control_change": ("control_flipped", "correct_control"),
    }.items():
        same = ((log_odds + table[change]) > 0) == (log_odds > 0)
        table = table.assign(**{names[0]: ~same, names[1]: pd.array(same, dtype="boolean")})
    return table


def test_effects_are_told_from_their_control():
    table = effect_table(pd.concat([made(size=2, control=0.5), made(size=1, control=1, kind="join")]))
    strong, alike = table.to_dict("records")
    # E|N(0, 2)| - E|N(0, 0.5)| = 0.798 * 1.5 = 1.197, its standard error over 200 texts about 0.09
    assert strong["ci_low"] < 1.197 < strong["ci_high"]
    assert strong["ci_low"] > 0.9
    # no resample of 2,000 reaches zero: 2 * 1 / 2001, times two kinds
    assert strong["p_holm"] == pytest.approx(4 / 2001)
    assert alike["ci_low"] < 0 < alike["ci_high"]
    assert alike["p"] > 0.05
    # every text was right before, so what flips is what is lost
    assert strong["accuracy_change"] == pytest.approx(-strong["flipped"])
    # more than thirty of 200 flip, none the other way: 2 * 2^-30 at most, times two kinds
    assert strong["flipped"] > 0.15
    assert strong["p_accuracy_holm"] < 4 * 2.0**-30


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.1, 0.15, 0.2, 0.3])
def test_the_p_and_the_interval_of_an_effect_never_contradict_each_other(shift):
    random = np.random.default_rng(1)
    part = made(size=1, control=1).assign(control_change=0.0, change=random.standard_t(2, 200) * 0.3 + shift)
    for kind in range(6):
        row = effect_table(part.sample(frac=0.7, random_state=kind)).iloc[0]
        excluded = row["ci_low"] > 0 or row["ci_high"] < 0
        assert excluded == (row["p"] < 0.05) or abs(row["p"] - 0.05) < 0.005
        assert row["ci_low"] <= row["difference"] <= row["ci_high"]
        assert row["params"].startswith("control=any, bootstrap=2000 of texts for interval and p")


def test_effects_by_hand():
    part = made(size=1, control=1, n=30).assign(change=[2.0, -1.0] * 15, control_change=0.5)
    row = effect_table(part).iloc[0]
    assert row[["mean_change", "size", "control_size", "difference"]].tolist() == [0.5, 1.5, 0.5, 1.0]


def test_a_text_that_is_changed_in_many_ways_is_one_text():
    once = made(size=2, control=0.5, n=40)
    (row,) = effect_table(once, by="josa").to_dict("records")
    (often,) = effect_table(pd.concat([once] * 7), by="josa").to_dict("records")
    assert (often["n"], often["n_texts"]) == (280, 40)
    assert often["ci_low"] == pytest.approx(row["ci_low"])
    assert row["p_accuracy_holm"] < often["p_accuracy_holm"] < 0.001  # McNemar of 280 would be 7 times as sure
    with pytest.raises(DataError, match="no josa has 30 changed texts"):
        effect_table(pd.concat([once.head(20)] * 7), by="josa")


def test_a_group_without_labels_asks_nothing_of_the_correction():
    known = made(size=2, control=0.5)
    bare = known.assign(kind="join", label=pd.array([pd.NA] * len(known), dtype="Int64"))
    alone, both = effect_table(known), effect_table(pd.concat([known, bare]))
    assert both.loc[0, "p_accuracy_holm"] == alone.loc[0, "p_accuracy_holm"]
    assert np.isnan(both.loc[1, "p_accuracy_holm"])


def test_decomposed_texts_are_changed_like_any(tiny, pack):
    texts = pack[pack["label"].notna()].head(30)
    forms = [[unicodedata.normalize(form, text) for text in texts["text"]] for form in ("NFC", "NFD")]
    whole, apart = (change_particles(texts.assign(text=form), tiny, kinds=["delete"]) for form in forms)
    pd.testing.assert_frame_equal(whole, apart)


def test_few_texts_are_refused():
    with pytest.raises(DataError, match=r"no kind has 30 changed texts; there are \{'delete': 4\}"):
        effect_table(made(size=1, control=1, n=4))


def test_changes_are_scored_beside_their_own_text(tiny, pack):
    frame = pack.head(60)
    scored = predict_frame(frame, tiny)
    changes = perturb(frame, read_cached(frame["doc_id"], frame["text"]), "delete")
    table = score_changes(scored, changes, tiny)
    row = table.iloc[3]
    texts = changes.set_index("doc_id").loc[row["doc_id"]]
    again = predict_frame(pd.DataFrame({"text": [texts["changed"]]}), tiny).iloc[0]
    assert row["log_odds"] + row["change"] == pytest.approx(again["logit_1"] - again["logit_0"], abs=1e-4)
    neutral = frame.set_index("doc_id").loc[table["doc_id"], "label"].isna().to_numpy()
    assert table["correct_changed"].isna().to_numpy().tolist() == neutral.tolist()
    with pytest.raises(DataError, match="changes are of texts that were not scored"):
        score_changes(scored.head(1), changes, tiny)


def test_the_whole_study_runs(tiny, pack):
    table = change_particles(pack.head(120), tiny, kinds=["delete", "join"])
    effects = effect_table(table)
    assert set(effects["kind"]) == {"delete", "join"}
    assert effects["params"].str.startswith("control=neutral").all()
    anywhere = effect_table(change_particles(pack.head(120), tiny, kinds=["delete"], control="any"))
    assert anywhere["params"].str.startswith("control=any").all()
    assert anywhere["n"].iloc[0] > effects["n"].iloc[0]
