"""The people who use the console, their sessions and API tokens."""
