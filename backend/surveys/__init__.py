"""The micro-survey after each resolution."""
