"""What a model folder says about itself, and the check that it is whole."""

import hashlib
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

MANIFEST = "manifest.json"
FORMAT = 2  # raised when the files of a model change their meaning


class Manifest(BaseModel):
    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    created: datetime
    data_hash: str
    versions: dict[str, str]
    examples: int
    phrasings: int  # distinct texts
    encoder: str | None  # the name of the encoder whose embeddings the heads read
    encoder_setting: str = ""  # how it was asked for; "": the one that ships
    weights: dict[str, list[float] | float]  # nlp.stacking.Weights
    thresholds: dict[str, float]
    scores: dict[str, float]  # on training_data/dev, which training never reads
    train_seconds: float
    files: dict[str, str]  # name → SHA-256

    def write(self, folder: Path) -> None:
        (folder / MANIFEST).write_text(self.model_dump_json(indent=1), encoding="utf-8")


class ModelMissing(RuntimeError):
    """There is no model in the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"No language model in {folder}: run `helpcare nlu train`.")


class ModelDamaged(RuntimeError):
    """The folder holds something that cannot be used as a model."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            f"The language model in {folder} cannot be used ({why}): run `helpcare nlu train`."
        )


def file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model whose files all are as they were written."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelMissing(folder)
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ModelDamaged(folder, "its manifest is not readable") from error
    if manifest.format != FORMAT:
        raise ModelDamaged(folder, f"format {manifest.format}, this program reads {FORMAT}")
    for name, expected in manifest.files.items():
        file = folder / name
        if not file.is_file():
            raise ModelDamaged(folder, f"{name} is missing")
        if file_hash(file) != expected:
            raise ModelDamaged(folder, f"{name} was changed")
    return manifest
