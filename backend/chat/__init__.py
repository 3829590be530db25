"""The web chat: a page that behaves like a phone's chat, and the JSON under it."""
