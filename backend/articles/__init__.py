"""Help articles: what is answered again and again, written once."""
