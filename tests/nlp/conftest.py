from pathlib import Path

import pytest

from nlp.pipeline import Pipeline
from support.model import trained_model_folder


@pytest.fixture(scope="session")
def model_folder() -> Path:
    return trained_model_folder()


@pytest.fixture(scope="session")
def pipeline(model_folder: Path) -> Pipeline:
    return Pipeline.load(model_folder)
