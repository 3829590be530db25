"""One file per flow, and the two registries.

A new flow is a new file here with an ``answer(ctx) -> Turn | None`` and one line in ``FLOWS``. Its
name is what it puts in ``ctx.turn(flow=…)`` when it waits for an answer; ``answer`` gets the next
message and returns ``None`` for what is not meant for it, whereupon the flow is forgotten and the
message is routed by its intent.

A new intent is one line in ``ROUTES``: the function that answers it when no flow has, and that
always returns a Turn. The label itself stands in ``nlp/understanding.py``.

What the bot says goes into ``bot/dialogue/phrases/*.toml``, in all three languages.
"""

from bot.dialogue.context import Handler, Step
from bot.dialogue.flows import (
    attachments,
    existing_ticket,
    feedback,
    general,
    report,
    sales,
    same_problem,
    smalltalk,
    status,
    survey,
)

FLOWS: dict[str, Step] = {
    "attachments": attachments.answer,
    "existing_ticket": existing_ticket.answer,
    "general": general.answer,
    "report": report.answer,
    "same_problem": same_problem.answer,
    "status": status.answer,
    "survey": survey.answer,
}

ROUTES: dict[str, Handler] = {
    "incidente": same_problem.begin,
    "peticion": same_problem.begin,
    "queja": same_problem.begin,
    "reclamo": same_problem.begin,
    "denuncia": same_problem.begin,
    "habeas_data": same_problem.begin,
    "sugerencia": feedback.suggest,
    "felicitacion": feedback.praise,
    "consulta_comercial": sales.interested,
    "consulta_general": smalltalk.general,
    "estado_ticket": status.tell,
    "agregar_informacion": existing_ticket.add,
    "reabrir_ticket": existing_ticket.reopen,
    "cerrar_ticket": existing_ticket.close,
    "escalar": existing_ticket.escalate,
    "saludo": smalltalk.greet,
    "despedida": smalltalk.bye,
    "agradecimiento": smalltalk.thanks,
    "afirmar": smalltalk.menu,
    "negar": smalltalk.menu,
    "ayuda": smalltalk.help_,
    "es_bot": smalltalk.is_bot,
    "insulto": smalltalk.insult,
    "fuera_de_alcance": smalltalk.out_of_scope,
}
"""``hablar_humano`` and ``cancelar_suscripcion`` are interruptions: see ``respond.STEPS``."""

MENU: dict[str, Handler] = {
    "menu:report": report.begin_empty,
    "menu:status": status.tell,
}
"""Choices that mean the same at any time, so that an old button still works."""
