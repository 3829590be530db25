"""Pure decisions: ``respond(state, message, understanding, facts) -> Turn``. No clock, no I/O."""
