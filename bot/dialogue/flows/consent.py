"""Personal data: the notice, its acceptance by conduct or by words, its refusal.

Ley 1581 de 2012 art. 9 wants a prior and informed authorisation of which proof can be kept;
Decreto 1377 de 2013 art. 7 takes unequivocal conduct as one, never silence. So the notice is shown
at first contact, and who writes on after it has authorised.
"""

from typing import Literal

from bot.dialogue import draft as drafts
from bot.dialogue import words
from bot.dialogue.context import Context
from bot.dialogue.flows import handoff
from bot.dialogue.model import Consent, OpenTicket, RecordConsent, Turn

NOTICE_VERSION = "2026-11"
"""Names the text of the phrase ``notice.first``; change both together."""

How = Literal["notice_shown", "button", "words", "continued"]


def answer(ctx: Context) -> Turn | None:
    """Acceptance and refusal; while refused, nothing but acceptance or a person."""
    consent = ctx.facts.consent
    how: How = "button" if ctx.message.payload else "words"
    if _refused_now(ctx):
        return _refuse(ctx, how)
    if consent == "unknown":
        return None  # an "acepto" before the notice was shown accepts nothing
    if ctx.choice == "consent:yes" or (consent != "granted" and words.accepts(ctx.text)):
        if consent == "granted":
            return ctx.turn(ctx.say("smalltalk.menu"))
        return ctx.turn(ctx.say("consent.granted"), actions=(record("granted", how),))
    if consent != "refused":
        return None
    if words.is_stop(ctx.text):
        return None
    if turn := handoff.requested(ctx):
        return turn
    return ctx.turn(ctx.say("consent.still_refused", "human", "consent:yes"))


def record(consent: Consent, how: How) -> RecordConsent:
    return RecordConsent(consent=consent, text_version=NOTICE_VERSION, how=how)


def _refused_now(ctx: Context) -> bool:
    if ctx.facts.consent == "refused":
        return False
    if ctx.choice == "consent:no" or words.refuses_data(ctx.text):
        return True
    # "No acepto" alone answers the notice while that is the last thing shown; later it may be
    # about a proposal of an agent.
    return ctx.facts.consent in {"unknown", "noticed"} and words.refuses(ctx.text)


def _refuse(ctx: Context, how: How) -> Turn:
    """Keep nothing more. A consent that is taken back is a claim by law, so it gets its number."""
    refused = record("refused", how)
    if ctx.facts.consent == "granted" and words.revokes(ctx.text):
        claim = drafts.begin(ctx.with_state(memory={}), "habeas_data", ctx.text)
        opened = OpenTicket(draft=claim, title=drafts.title_of(claim))
        key = "consent.revoked_due" if "habeas_data" in ctx.facts.due_by_type else "consent.revoked"
        return ctx.turn(ctx.say(key, "human"), actions=(opened, refused))
    return ctx.turn(ctx.say("consent.refused", "human", "consent:yes"), actions=(refused,))
