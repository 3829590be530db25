"""Which tickets and articles tell of the same: by embedding, in the database (pgvector)."""
