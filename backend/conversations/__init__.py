"""A person on a channel: messages, owner, dialogue state."""
