from pathlib import Path

import pytest
from support.model import trained_model_folder

from nlp.pipeline import Pipeline


@pytest.fixture(scope="session")
def model_folder() -> Path:
    return trained_model_folder()


@pytest.fixture(scope="session")
def pipeline(model_folder: Path) -> Pipeline:
    return Pipeline.load(model_folder)
