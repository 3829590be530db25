"""Spans of a message that stand for something, with a normalised value."""
