"""A question that the bot could not answer: let the client have it registered instead."""

from bot.dialogue.context import Context
from bot.dialogue.flows import report
from bot.dialogue.model import Turn


def answer(ctx: Context) -> Turn | None:
    if ctx.choice == "general:register":
        return report.begin(ctx, "peticion", str(ctx.state.memory.get("text", "")))
    return None
