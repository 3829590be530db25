"""Business hours, holidays and terms; pure."""
