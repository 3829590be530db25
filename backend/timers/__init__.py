"""What must happen at a time: rows, fired by the worker."""
