"""People, their identities on channels, and their consent."""
