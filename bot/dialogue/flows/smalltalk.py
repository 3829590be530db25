"""Short exchanges that wait for nothing, or nearly."""

import re

from bot.dialogue import words
from bot.dialogue.context import Context
from bot.dialogue.draft import shorten
from bot.dialogue.flows import handoff
from bot.dialogue.model import Turn
from bot.dialogue.phrases import local_moment

MENU = ("menu:report", "menu:status", "human")

_HOURS = re.compile(
    r"\b(?:horarios?|hora|atienden|abren|abierto|abiertos|cierran|festivos?|sabados?|domingos?|"
    r"trabajan|hours|open|opening|close|closed|holiday|horario|feriado|abrem|atendem)\b"
)
_CHANNELS = re.compile(
    r"\b(?:canales|por donde|whatsapp|telegram|correo electronico|channels|contact you|canais)\b"
)


def greet(ctx: Context) -> Turn:
    """Answer a greeting. At first contact the notice precedes this, with buttons of its own."""
    if ctx.first_contact:
        return ctx.turn(ctx.say("smalltalk.menu"))
    return ctx.turn(ctx.say("smalltalk.menu", *MENU))


def menu(ctx: Context) -> Turn:
    """A yes or a no to nothing."""
    return ctx.turn(ctx.say("smalltalk.menu", *MENU))


def go_on(ctx: Context) -> Turn:
    return ctx.turn(ctx.say("smalltalk.go_on"))


def thanks(ctx: Context) -> Turn:
    return ctx.turn(ctx.say("smalltalk.thanks"))


def bye(ctx: Context) -> Turn:
    return ctx.turn(ctx.say("smalltalk.bye"))


def help_(ctx: Context) -> Turn:
    return ctx.turn(ctx.say("smalltalk.help", *MENU))


def is_bot(ctx: Context) -> Turn:
    return ctx.turn(ctx.say("smalltalk.is_bot"))


def out_of_scope(ctx: Context) -> Turn:
    """Say what is handled here. Who goes on may have been misjudged: then a person looks."""
    if ctx.state.misunderstood >= 2:
        return _give_up(ctx)
    again = ctx.state.misunderstood + 1
    said = "smalltalk.out_of_scope_again" if ctx.state.misunderstood else "smalltalk.out_of_scope"
    return ctx.turn(ctx.say(said, *MENU), misunderstood=again)


def insult(ctx: Context) -> Turn:
    """Stay calm once; then a person."""
    if ctx.state.misunderstood:
        enough = ctx.say("smalltalk.insult_again")
        return handoff.to_person(ctx, "cliente molesto", before=(enough,))
    return ctx.turn(ctx.say("smalltalk.insult", "human", "menu:report"), misunderstood=1)


def unclear(ctx: Context) -> Turn:
    """Not understood: ask once, then let a person read it."""
    if ctx.text and not words.telling(ctx.text) and not ctx.state.misunderstood:
        return ctx.turn(ctx.say("smalltalk.go_on"), misunderstood=1)  # "mire", "vea pues"
    if ctx.state.misunderstood:
        return _give_up(ctx)
    return ctx.turn(ctx.say("smalltalk.unclear", *MENU), misunderstood=1)


def general(ctx: Context) -> Turn:
    """A question that needs no ticket: answered from the facts, or offered to a person."""
    asked = words.plain(ctx.text[:500])
    if _HOURS.search(asked):
        if ctx.facts.open_now:
            return ctx.turn(ctx.say("general.open", "human"))
        if ctx.facts.next_opening is None:
            return ctx.turn(ctx.say("general.closed_soon"))
        opening = local_moment(ctx.facts.next_opening, ctx.facts.now, ctx.language)
        return ctx.turn(ctx.say("general.closed", opening=opening))
    if _CHANNELS.search(asked):
        return ctx.turn(ctx.say("general.channels"))
    return ctx.turn(
        ctx.say("general.unknown", "human", "general:register"),
        flow="general",
        step="offered",
        memory={"text": shorten(ctx.text, 2000)},
    )


def _give_up(ctx: Context) -> Turn:
    sorry = ctx.say("smalltalk.unclear_again")
    return handoff.to_person(ctx, "varios mensajes seguidos sin entender", before=(sorry,))
