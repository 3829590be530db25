"""One file per channel: verify, parse, render, send, fetch."""
