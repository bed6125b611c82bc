import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

from kosent_lab.models import electra, pairs
from kosent_lab.models.classifier import load_classifier
from kosent_lab.models.storage import stored
from kosent_lab.scoring.predict import predict_frame

EMBEDDINGS = "electra.embeddings.word_embeddings.weight"


def test_a_weight_in_eight_bits_moves_by_a_sixteenth_of_itself_at_most():
    weight = torch.randn(200, 50, generator=torch.Generator().manual_seed(0)) * 0.07
    moved = (stored(EMBEDDINGS, weight, "embeddings").float() - weight).abs()
    assert (moved <= torch.clamp(weight.abs() / 16, min=2**-10)).all()
    assert 0.02 < moved.norm() / weight.norm() < 0.03
    torch.testing.assert_close(stored(EMBEDDINGS, weight).float(), weight, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "weight", "fp8", "dtype"),
    [
        (EMBEDDINGS, torch.ones(3, 2), "embeddings", torch.float8_e4m3fn),
        ("classifier.dense.weight", torch.ones(3, 2), "embeddings", torch.float16),
        ("classifier.dense.weight", torch.ones(3, 2), "matrices", torch.float8_e4m3fn),
        ("classifier.dense.bias", torch.ones(3), "matrices", torch.float16),
        (EMBEDDINGS, torch.full((3, 2), 448.0), "matrices", torch.float8_e4m3fn),
        (EMBEDDINGS, torch.full((3, 2), 449.0), "matrices", torch.float16),  # has no number in E4M3
    ],
)
def test_what_lies_in_eight_bits(name, weight, fp8, dtype):
    got = stored(name, weight, fp8)
    assert got.dtype == dtype
    assert torch.isfinite(got.float()).all()


def test_transformers_reads_the_same_model_out_of_eight_bits(tiny_folder, tiny_tokenizer, tmp_path, pack):
    model = electra.open_classifier(tiny_folder)
    electra.save_classifier(model, tiny_tokenizer, tmp_path / "m", seen_positions=512, fp8="matrices")
    for other in tiny_folder.glob("calibration.json"):
        shutil.copy(other, tmp_path / "m")
    lean = load_classifier(tmp_path / "m", device="cpu", precision="fp32")
    theirs = AutoModelForSequenceClassification.from_pretrained(tmp_path / "m", dtype=torch.float32).eval()
    for name, weight in load_file(tmp_path / "m" / "model.safetensors").items():
        torch.testing.assert_close(theirs.get_parameter(name), weight.float(), atol=0, rtol=0)
    ids = torch.tensor([[2, 7, 8, 9, 3]])
    with torch.inference_mode():
        want = theirs(input_ids=ids).logits
        got = lean.forward(ids, torch.ones_like(ids))
    torch.testing.assert_close(got.float(), want, atol=1e-5, rtol=1e-4)
    before = load_classifier(tiny_folder, device="cpu", precision="fp32")
    odds = [s["logit_1"] - s["logit_0"] for s in (predict_frame(pack.head(50), c) for c in (before, lean))]
    # of random weights, which amplify: 0.93 to 0.99, seldom less, by the vocabulary, whose training breaks ties anew
    assert np.corrcoef(odds)[0, 1] > 0.7


def test_a_pair_in_eight_bits_is_half_as_large_and_reads_again(tiny_tokenizer, tmp_path):
    pair = pairs.new_pair(tiny_tokenizer.get_vocab_size(), layers=1)
    sizes = {}
    for fp8 in (None, "matrices"):
        pairs.save_pair(pair, tiny_tokenizer, tmp_path / str(fp8), fp8=fp8)
        sizes[fp8] = sum(path.stat().st_size for path in (tmp_path / str(fp8)).glob("*.safetensors"))
    assert sizes["matrices"] < 0.52 * sizes[None]
    again = pairs.load_pair(tmp_path / "matrices")
    for (name, weight), (_, read) in zip(pair.named_parameters(), again.named_parameters(), strict=True):
        assert read.dtype == torch.float32
        assert (read - weight).norm() <= 0.05 * weight.norm(), name
