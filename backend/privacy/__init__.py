"""Personal data: consent texts and what may be kept."""
