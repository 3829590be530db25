"""What came in: stored before it is acknowledged, drained in order per thread."""
