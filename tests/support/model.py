"""The trained language model for tests: trained once per state of the data, then kept on disk."""

import fcntl
import hashlib
from pathlib import Path

from nlp.corpus import digest
from nlp.training import train

ROOT = Path(__file__).resolve().parents[2]


def trained_model_folder() -> Path:
    """Folder of a model trained on the present ``training_data/`` and ``nlp/``."""
    cache = ROOT / "models" / "test-cache"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{digest()[:16]}-{_code()[:8]}"
    with (cache / ".lock").open("w") as lock:  # two test runs at once train once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "manifest.json").is_file():
            train(folder, force=True)
    return folder


def _code() -> str:
    sha = hashlib.sha256()
    for file in (*sorted((ROOT / "nlp").rglob("*.py")), ROOT / "nlp/encoder_model/encoder.json"):
        sha.update(file.read_bytes())
    return sha.hexdigest()
