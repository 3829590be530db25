"""The ``helpcare`` command."""
