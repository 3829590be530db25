"""Files of messages, in a store behind a small Protocol."""
