"""What leaves: rows of the transaction that decided it, sent at most once where it matters."""
