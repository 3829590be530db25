"""Messages without words: photos, files, voice notes, stickers, locations, cards."""

from bot.dialogue import words
from bot.dialogue.context import CONFIDENT, Context
from bot.dialogue.draft import attached, fill
from bot.dialogue.flows import existing_ticket, report, tickets
from bot.dialogue.model import Action, HandToAgent, Turn
from bot.messages import MessageKind

_SPOKEN = {MessageKind.VOICE, MessageKind.AUDIO}
_DESCRIBED = {MessageKind.CONTACT, MessageKind.STICKER}
"""Their text, a name or an emoji, is the channel's description and not what the client says."""


def received(ctx: Context) -> Turn | None:
    """A useful answer to what has no text; what has some goes on as text."""
    kind = ctx.message.kind
    described = kind in _DESCRIBED and not (words.is_yes(ctx.text) or words.is_no(ctx.text))
    if (ctx.text and not described) or kind is MessageKind.CHOICE:
        return None
    if kind is MessageKind.TEXT and not ctx.message.attachments:
        return None
    if ctx.state.flow == "report" and ctx.state.draft is not None:
        return _to_draft(ctx)
    if kind in {MessageKind.STICKER, MessageKind.UNSUPPORTED, MessageKind.CONTACT}:
        return ctx.turn(ctx.say(f"media.{kind.value}"))
    if kind in _SPOKEN:
        listen = HandToAgent(reason="nota de voz por escuchar")
        return _about(ctx, "media.voice", *(() if ctx.facts.waiting_for_agent else (listen,)))
    if kind is MessageKind.LOCATION:
        return _about(ctx, "media.location")
    return _to_ticket(ctx) or _about(ctx, "media.file")


def answer(ctx: Context) -> Turn | None:
    """Words that belong to a file sent before; a clear intent goes its own way, with the file."""
    if ctx.choice or ctx.understanding.confidence >= CONFIDENT or words.says_little(ctx.text):
        return None
    return report.begin(ctx, "incidente", ctx.text)


def _to_draft(ctx: Context) -> Turn:
    """Noted on the draft; the pending question comes again."""
    draft = ctx.state.draft
    if draft is None:  # for the type checker: the caller has looked
        return report.begin_empty(ctx)
    key = "media.voice_noted" if ctx.message.kind in _SPOKEN else "media.noted"
    if ctx.message.attachments:
        draft = fill(ctx, draft)
    noted = ctx.with_state(draft=draft)
    return noted.waiting_as_before(noted.turn(noted.say(key)), report.ask_again(noted))


def _to_ticket(ctx: Context) -> Turn | None:
    """To the ticket that waits for it, or the only open one, or the one the client picks."""
    waiting = tickets.having(ctx, {"en_espera_del_cliente"})
    if len(waiting) == 1:
        return existing_ticket.do_add(ctx, waiting[0].number, existing_ticket.with_files(ctx))
    return existing_ticket.add(ctx) if tickets.having(ctx, tickets.OPEN) else None


def _about(ctx: Context, key: str, *actions: Action) -> Turn:
    """Ask what it is about, and remember the files until the next message."""
    memory = {"attachments": attached(ctx)}
    return ctx.turn(ctx.say(key), actions=actions, flow="attachments", step="about", memory=memory)
