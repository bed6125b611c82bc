import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from kosent_lab.cli import parser
from kosent_lab.core.exceptions import DataError
from kosent_lab.core.places import PAIR_FOLDER
from kosent_lab.models import pairs
from kosent_lab.scoring import replaced
from kosent_lab.scoring.replaced import measure_detection


@pytest.fixture(scope="module")
def pair(tiny_tokenizer):
    return pairs.new_pair(tiny_tokenizer.get_vocab_size(), layers=1).eval()


TEXTS = ["배우들의 연기가 정말 좋았어요", "", "이 식당은 다시 안 가요", "🙂 ㅋㅋ"]


def test_every_piece_has_a_row_and_a_score(pair, tiny_tokenizer):
    table = replaced.replace_pieces(pair, tiny_tokenizer, TEXTS)
    for number, text in enumerate(TEXTS):
        rows = table[table["text"] == number]
        assert rows["piece_index"].tolist() == list(range(len(rows)))
        assert rows["piece"].tolist() == tiny_tokenizer.encode(text).tokens[1:-1]
        assert [text[s:e] for s, e in zip(rows["start"], rows["end"], strict=True)] == [
            text[s:e] for s, e in tiny_tokenizer.encode(text).offsets[1:-1]
        ]
    assert table["score"].between(0, 1).all()
    assert (table["replaced"] == (table["piece"] != table["shown"])).all()
    assert not table.loc[~table["masked"], "replaced"].any()
    assert table["generator_hit"].isna().equals(~table["masked"])


def test_the_same_seed_draws_the_same_and_leaves_torch_alone(pair, tiny_tokenizer):
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    one, two = (replaced.replace_pieces(pair, tiny_tokenizer, TEXTS, seed=5) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert torch.equal(before, torch.random.get_rng_state())
    assert not one.equals(replaced.replace_pieces(pair, tiny_tokenizer, TEXTS, seed=6))


def test_none_is_masked_when_none_is_wanted(pair, tiny_tokenizer):
    assert not replaced.replace_pieces(pair, tiny_tokenizer, TEXTS[:1], mask_share=0)["masked"].any()


def test_guesses_are_probabilities_in_order(pair, tiny_tokenizer):
    guesses = replaced.guess_pieces(pair, tiny_tokenizer, TEXTS[0], 2, count=800)
    assert guesses["probability"].is_monotonic_decreasing
    assert guesses["probability"].sum() == pytest.approx(1, abs=1e-3)
    with pytest.raises(DataError, match="got 99"):
        replaced.guess_pieces(pair, tiny_tokenizer, TEXTS[0], 99)


def test_auroc_is_that_of_scikit_learn_with_an_interval_around_it():
    random = np.random.default_rng(0)
    replaced = random.random(2_000) < 0.1
    table = pd.DataFrame(
        {
            "text": np.arange(2_000) // 10,
            "replaced": replaced,
            "masked": replaced | (random.random(2_000) < 0.05),
            "score": random.random(2_000) + replaced * 0.5,
        }
    )
    measures = measure_detection(table, resamples=100).set_index("metric")
    assert measures.loc["auroc", "value"] == pytest.approx(roc_auc_score(replaced, table["score"]))
    assert (measures["ci_low"] < measures["value"]).all()
    assert (measures["value"] < measures["ci_high"]).all()
    assert measures.loc["replaced_share", "value"] == pytest.approx(replaced.mean())
    table = table.assign(masked=table["masked"] & (table["text"] < 100))  # of many a text nothing was masked
    assert measure_detection(table[table["text"].isin([0, 1, 150])], resamples=50)["value"].notna().all()
    with pytest.raises(DataError, match="0 of 2000 are replaced"):
        measure_detection(table.assign(replaced=False))


def test_the_command_prints_the_same_measures(pair, tiny_tokenizer, pack, tmp_path, capsys):
    pairs.save_pair(pair, tiny_tokenizer, tmp_path / "pair")
    out = tmp_path / "rtd.json"
    arguments = ["evaluate", "--task", "rtd", "--model", str(tmp_path / "pair"), "--limit", "40", "--json", str(out)]
    assert parser.main(arguments) == 0
    result = json.loads(out.read_text("utf-8"))
    table = replaced.replace_pieces(pairs.load_pair(tmp_path / "pair"), tiny_tokenizer, pack["text"].head(40).tolist())
    assert result["n"] == len(table)
    assert result["auroc"] == pytest.approx(roc_auc_score(table["replaced"], table["score"]), abs=1e-6)
    assert result["auroc_ci"][0] < result["auroc"] < result["auroc_ci"][1]
    assert result["model_id"].startswith("pair@")
    capsys.readouterr()
    assert parser.main(["evaluate", "--task", "rtd", "--model", str(tmp_path)]) == 1
    assert "holds no pair for replaced-token detection" in capsys.readouterr().err


def test_the_bundled_pair_is_what_its_card_says(capsys):
    assert parser.main(["evaluate", "--task", "rtd", "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    card = (PAIR_FOLDER / "MODEL_CARD.md").read_text("utf-8")
    assert result["model_id"] in card
    row = next(line for line in card.splitlines() if line.startswith("| our own pack"))
    assert f"{result['n']:,}" in row
    # bfloat16 and the order of sums differ from machine to machine
    assert float(row.split("|")[3].split()[0]) == pytest.approx(result["auroc"], abs=0.003)
