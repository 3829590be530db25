"""What ``/metrics`` counts."""

from prometheus_client import Counter, Gauge, Histogram

MESSAGES_RECEIVED = Counter(
    "helpcare_messages_received_total", "Messages stored before they were acknowledged", ["channel"]
)
MESSAGES_HANDLED = Counter("helpcare_messages_handled_total", "Messages decided on", ["channel"])
MESSAGES_DEAD = Counter("helpcare_messages_dead_total", "Messages given up", ["channel"])
OUTBOX_OUTCOMES = Counter("helpcare_outbox_outcomes_total", "Tries to send", ["lane", "outcome"])
UNDERSTANDING_SECONDS = Histogram(
    "helpcare_understanding_seconds",
    "Time to understand a message",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5),
)
INBOX_UNREAD = Gauge("helpcare_inbox_unread", "Messages stored and not handled yet")
INBOX_OLDEST_SECONDS = Gauge("helpcare_inbox_oldest_seconds", "Age of the oldest of them")
INBOX_DEAD = Gauge("helpcare_inbox_dead", "Messages in the dead-letter list or quarantine")
OUTBOX_WAITING = Gauge("helpcare_outbox_waiting", "Effects that have not left", ["lane"])
OUTBOX_TROUBLE = Gauge("helpcare_outbox_trouble", "Effects failed or uncertain", ["lane"])
