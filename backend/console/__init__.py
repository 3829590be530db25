"""The agents' web console and the web-chat page."""
