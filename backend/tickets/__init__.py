"""Peritickets: numbers, events, states."""
