"""Somebody wants to buy: registered, and handed to a person at once."""

from bot.dialogue import draft as drafts
from bot.dialogue.context import Context
from bot.dialogue.flows import handoff
from bot.dialogue.model import OpenTicket, Turn


def interested(ctx: Context) -> Turn:
    draft = drafts.begin(ctx, "peticion", ctx.text)
    draft = draft.model_copy(update={"slots": {**draft.slots, "area": "comercial"}})
    opened = OpenTicket(draft=draft, title=drafts.title_of(draft))
    turn = handoff.to_person(
        ctx.with_state(draft=None), "consulta comercial", before=(ctx.say("opened.sales"),)
    )
    return turn.model_copy(update={"actions": (opened, *turn.actions)})
