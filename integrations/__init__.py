"""One file per business system, each behind a small Protocol. Holds no decisions."""
