"""A process that owns embedded servers, to be killed by the tests: ``owner.py DATA_DIR``."""

import sys
import time
from pathlib import Path

from backend.embedded import EmbeddedServerError, start_postgres, start_valkey

try:
    postgres = start_postgres(Path(sys.argv[1]))
    valkey = start_valkey(Path(sys.argv[1]))
except EmbeddedServerError as error:
    print("refused", error, flush=True)
    sys.exit(3)
print(postgres.url, valkey.url, flush=True)
time.sleep(600)
