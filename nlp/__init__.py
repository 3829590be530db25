"""Text in, :class:`nlp.understanding.Understanding` out. Knows no channel, database or HTTP."""
