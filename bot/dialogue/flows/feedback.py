"""Praise and suggestions: registered at once, without interrogation."""

from bot.dialogue.context import Context
from bot.dialogue.flows import report
from bot.dialogue.model import Turn


def praise(ctx: Context) -> Turn:
    return report.begin(ctx, "felicitacion", ctx.text)


def suggest(ctx: Context) -> Turn:
    return report.begin(ctx, "sugerencia", ctx.text)
