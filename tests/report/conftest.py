"""A part of a page: the pack, scored by the tiny model."""

import pytest

from kosent_lab.calibration.temperature import Temperature
from kosent_lab.report.parts import from_frame
from kosent_lab.scoring.predict import predict_frame


@pytest.fixture(scope="session")
def pack_scored(tiny, pack):
    return predict_frame(pack, tiny)


@pytest.fixture(scope="session")
def pack_part(tiny, pack_scored):
    return from_frame(pack_scored, classifier=tiny, calibrator=Temperature(1.5))
