"""The messaging gateway and the dialogue."""
