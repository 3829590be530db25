"""Client companies and the timeline of everything that passed with them."""
