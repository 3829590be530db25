"""No more messages that the client did not ask for."""

from bot.dialogue import words
from bot.dialogue.context import Context
from bot.dialogue.model import OptOut, Turn


def requested(ctx: Context) -> Turn | None:
    """STOP and its kin at any time; a sentence when the model is sure that it means that."""
    if words.is_stop(ctx.text) or (
        ctx.means("cancelar_suscripcion") and not words.is_cancel(ctx.text)
    ):
        return ctx.turn(ctx.say("opt_out.done"), actions=(OptOut(),))
    return None
