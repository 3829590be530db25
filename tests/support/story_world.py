"""A small world in memory around ``respond``: it applies Turns as the backend does."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from rapidfuzz import fuzz
from support.stories import Expected, Step, Story, pause

from bot.dialogue.flows import survey as survey_flow
from bot.dialogue.model import (
    AddToTicket,
    CloseTicket,
    Consent,
    DialogueState,
    Draft,
    EscalateTicket,
    Facts,
    HandToAgent,
    OpenTicket,
    OptOut,
    RecordConsent,
    RecordSurveyAnswer,
    ReopenTicket,
    Say,
    SetLanguage,
    SurveyFact,
    TicketFact,
    Turn,
)
from bot.dialogue.phrases import BOGOTA, local_date, render
from bot.dialogue.respond import respond
from bot.messages import (
    Attachment,
    Choice,
    InboundMessage,
    Location,
    MessageKind,
    OutboundMessage,
    Sender,
)
from nlp.understanding import Entity, IntentScore, Understanding

_COMPANY = {"company": "Periferia IT", "privacy_url": "https://example.org/privacidad"}
_OPENS, _CLOSES = time(8), time(18)


@dataclass
class Ticket:
    number: str
    type: str
    status: str
    title: str
    text: str
    created_at: datetime
    updated_at: datetime
    urgency: str = "media"
    news: str | None = None
    escalated: bool = False
    mine: bool = True


@dataclass
class Survey:
    id: int
    ticket: str
    sent_at: datetime
    score: int | None = None
    comment: str | None = None
    finished: bool = False
    cancelled: bool = False


@dataclass
class World:
    """One client's conversation. ``said`` holds what the last step brought, ``turn`` its Turn."""

    now: datetime
    language: str = "es"
    name: str | None = None
    consent: Consent = "unknown"
    verified: bool = True
    services: tuple[str, ...] = ()
    model: bool = True
    state: DialogueState = field(default_factory=DialogueState)
    tickets: list[Ticket] = field(default_factory=list)  # oldest first
    surveys: list[Survey] = field(default_factory=list)
    owner: str = "bot"
    urgent: bool = False
    opted_out: bool = False
    consents: list[RecordConsent] = field(default_factory=list)
    said: list[OutboundMessage] = field(default_factory=list)
    turn: Turn | None = None
    messages: int = 0
    shown: tuple[Choice, ...] = ()

    @classmethod
    def of(cls, story: Story) -> "World":
        spec = story.world
        world = cls(spec.now, story.language, spec.name, spec.consent, spec.verified)
        world.services, world.model = spec.services, spec.model
        for known in spec.tickets:
            at = spec.now - pause(known.age)
            ticket = Ticket(
                known.number, known.type, known.status, known.title, known.title, at, at
            )
            world.tickets.append(replace(ticket, news=known.news, mine=known.mine))
        return world

    # --- what happens -------------------------------------------------------------------

    def play(self, step: Step) -> None:
        self.now += pause(step.after)
        self.said, self.turn = [], None
        if step.event:
            self._event(step)
        else:
            self._receive(self._message(step), self._understanding(step), step.similarity)

    def receive(self, message: InboundMessage, understanding: Understanding) -> Turn | None:
        """One message as it is, for tests that make their own."""
        self.said, self.turn = [], None
        self._receive(message, understanding, None)
        return self.turn

    def _receive(
        self, message: InboundMessage, understanding: Understanding, similarity: float | None
    ) -> None:
        if self.owner == "agent":
            return  # a person has it: the bot is silent
        facts = self.facts(message.text, similarity)
        self.turn = respond(self.state, message, understanding, facts)
        self._apply(self.turn)

    def facts(self, text: str, similarity: float | None = None) -> Facts:
        survey = self._pending_survey()
        due = self.now + timedelta(days=15)
        own = [t for t in reversed(self.tickets) if t.mine]
        return Facts(
            now=self.now,
            channel="webchat",
            contact_name=self.name,
            consent=self.consent,
            verified=self.verified,
            open_now=self._open_at(self.now),
            next_opening=None if self._open_at(self.now) else self._next_opening(),
            tickets=tuple(
                self._fact(t, text, similarity if position == 0 else None)
                for position, t in enumerate(own)
            ),
            survey=survey,
            services=self.services,
            waiting_for_agent=self.owner == "queue",
            understood=self.model,
            due_by_type=dict.fromkeys(("incidente", "peticion", "queja", "reclamo", "denuncia",
                                       "habeas_data"), due),
        )  # fmt: skip

    def _fact(self, ticket: Ticket, text: str, similarity: float | None) -> TicketFact:
        alike = fuzz.token_set_ratio(text.lower(), ticket.text.lower()) / 100
        return TicketFact(
            number=ticket.number,
            type=ticket.type,  # type: ignore[arg-type]
            status=ticket.status,  # type: ignore[arg-type]
            title=ticket.title,
            created_at=ticket.created_at,
            updated_at=ticket.updated_at,
            due_at=ticket.created_at + timedelta(days=15),
            last_news=ticket.news,
            similarity=similarity if similarity is not None else alike if len(text) > 15 else 0,
        )

    def _pending_survey(self) -> SurveyFact | None:
        live = [s for s in self.surveys if not s.finished and not s.cancelled]
        if not live:
            return None
        last = live[-1]
        return SurveyFact(
            id=last.id,
            ticket_number=last.ticket,
            sent_at=last.sent_at,
            awaiting="score" if last.score is None else "comment",
            score=last.score,
        )

    # --- applying -----------------------------------------------------------------------

    def _apply(self, turn: Turn) -> None:
        self.state = turn.state
        extra = dict(_COMPANY)
        for action in turn.actions:
            extra |= self._do(action)
        for say in turn.replies:
            self._say(say, extra)

    def _say(self, say: Say, extra: dict[str, str] | None = None) -> None:
        message = render(say, self.state.language, extra or {})
        self.said.append(message)
        if message.choices:
            self.shown = message.choices

    def _do(self, action: Any) -> dict[str, str]:
        match action:
            case OpenTicket():
                return self._open(action.draft, action.title)
            case AddToTicket():
                self._own(action.number).text += f"\n{action.text}"
            case ReopenTicket():
                self._reopen(self._own(action.number), action.reason)
            case CloseTicket():
                self._own(action.number).status = "cerrado"
            case EscalateTicket():
                self._own(action.number).escalated = True
            case HandToAgent():
                self.owner, self.urgent = "queue", self.urgent or action.urgent
            case RecordConsent():
                self.consent = action.consent
                self.consents.append(action)
            case RecordSurveyAnswer():
                self._answer_survey(action)
            case OptOut():
                self.opted_out = True
            case SetLanguage():
                self.language = action.language
        return {}

    def _open(self, draft: Draft, title: str) -> dict[str, str]:
        assert 0 < len(title) <= 120, title
        number = f"PT-2026-{900 + len(self.tickets):06d}"
        slots = "".join(f"\n{k}: {v}" for k, v in draft.slots.items() if v)
        self.tickets.append(
            Ticket(
                number=number,
                type=draft.type,
                status="nuevo",
                title=title,
                text=draft.description + slots,
                created_at=self.now,
                updated_at=self.now,
                urgency=draft.urgency,
            )
        )
        due = local_date(self.now + timedelta(days=15), self.state.language)
        return {"ticket": number, "due": due}

    def _own(self, number: str) -> Ticket:
        return next(t for t in self.tickets if t.number == number and t.mine)

    def _reopen(self, ticket: Ticket, reason: str) -> None:
        assert ticket.status in {"resuelto", "cerrado"}, "only what is done can be reopened"
        ticket.status, ticket.text = "en_curso", f"{ticket.text}\n{reason}"
        for survey in self.surveys:
            if survey.ticket == ticket.number and survey.score is None:
                survey.cancelled = True

    def _answer_survey(self, answer: RecordSurveyAnswer) -> None:
        survey = next(s for s in self.surveys if s.id == answer.survey_id)
        survey.score = answer.score if answer.score is not None else survey.score
        survey.comment = answer.comment or survey.comment
        survey.finished = answer.finished

    # --- the others ---------------------------------------------------------------------

    def _event(self, step: Step) -> None:
        match step.event:
            case "agent_claims":
                self.owner = "agent"
            case "agent_releases":
                self.owner, self.urgent = "bot", False
            case "agent_says":
                self.owner = "agent"
                self.said.append(OutboundMessage(text=step.text, automatic=False))
            case "agent_starts":
                self._newest().status = "en_curso"
                self._notify("status.in_progress")
            case "agent_asks":
                self._newest().status = "en_espera_del_cliente"
                self._notify("status.waiting", note=step.text)
            case "agent_resolves":
                ticket = self._newest()
                ticket.status, ticket.updated_at, ticket.news = "resuelto", self.now, step.text
                self.owner, self.urgent = "bot", False
                self._notify("status.resolved", note=step.text or "—")
                self._ask_survey(ticket)

    def _newest(self) -> Ticket:
        return next(t for t in reversed(self.tickets) if t.mine and t.status != "cerrado")

    def _notify(self, phrase: str, **params: str) -> None:
        self._say(Say(phrase=phrase, params={"number": self._newest().number, **params}))

    def _ask_survey(self, ticket: Ticket) -> None:
        self.surveys.append(Survey(len(self.surveys) + 1, ticket.number, self.now))
        self._say(survey_flow.question(self.state.language, ticket.number))

    # --- the client's side --------------------------------------------------------------

    def _message(self, step: Step) -> InboundMessage:
        kind, payload, text = MessageKind.TEXT, None, step.says or ""
        if step.taps is not None:
            tapped = next((c for c in self.shown if c.label == step.taps), None)
            assert tapped, f"{step.taps!r} was never offered"
            kind, payload, text = MessageKind.CHOICE, tapped.id, tapped.label
        elif step.sends is not None:
            kind = step.sends
        elif step.edit:
            kind = MessageKind.EDIT
        files = (Attachment(ref="1", filename=step.file),) if step.file else ()
        self.messages += 1
        return InboundMessage(
            channel="webchat",
            account="main",
            provider_id=str(self.messages),
            thread="client",
            sender=Sender(external_id="client", name=self.name),
            kind=kind,
            text=text,
            payload=payload,
            attachments=files,
            location=Location(latitude=4.6, longitude=-74.1) if kind == "location" else None,
            sent_at=self.now,
            automatic=step.automatic,
            verified=self.verified,
        )

    def _understanding(self, step: Step) -> Understanding:
        """As the step tells it; what it does not tell is understood by nobody."""
        text = step.says or ""
        intent, confidence = step.intent or "fuera_de_alcance", step.confidence
        if step.intent is None:
            confidence = 0.2
        scores = [IntentScore(intent=i, confidence=confidence) for i in (intent, *step.also)]
        return Understanding(
            intent=intent,
            confidence=confidence,
            intents=tuple(scores),
            entities=tuple(_entity(text, kind, part) for kind, part in step.entities.items()),
            urgency=step.urgency,
            language=step.heard or self.language,  # type: ignore[arg-type]
        )

    # --- office hours -------------------------------------------------------------------

    @staticmethod
    def _open_at(moment: datetime) -> bool:
        local = moment.astimezone(BOGOTA)
        return local.weekday() < 5 and _OPENS <= local.time() < _CLOSES

    def _next_opening(self) -> datetime:
        day = self.now.astimezone(BOGOTA)
        while True:
            opening = datetime.combine(day.date(), _OPENS, BOGOTA)
            if opening > self.now and opening.weekday() < 5:
                return opening.astimezone(UTC)
            day += timedelta(days=1)


def _entity(text: str, kind: str, part: str) -> Entity:
    start = text.index(part)
    value: object = part
    if kind == "usuarios_afectados":
        digits = re.search(r"\d+", part)
        value = int(digits[0]) if digits else None
    if kind == "ambiente":
        value = {"producción": "produccion", "production": "produccion", "prod": "produccion"}.get(
            part.lower(), part.lower()
        )
    return Entity(type=kind, text=part, start=start, end=start + len(part), value=value)


def check(world: World, expects: Expected) -> None:
    """Compare what can be observed with what the story expects."""
    said = "\n".join(m.text for m in world.said)
    for part in expects.reply:
        assert part in said, f"{part!r} not in {said!r}"
    for part in expects.not_reply:
        assert part not in said, f"{part!r} in {said!r}"
    if world.turn is not None:
        keys = [r.phrase for r in world.turn.replies]
        for key in expects.phrase:
            assert key in keys, f"{key} not in {keys}"
    if expects.silent:
        assert not world.said, said
    labels = [c.label for c in next((m.choices for m in reversed(world.said) if m.choices), ())]
    for label in expects.choices:
        assert label in labels, f"{label!r} not in {labels}"
    for name in ("consent", "owner", "urgent", "opted_out"):
        wanted = getattr(expects, name)
        assert wanted is None or getattr(world, name) == wanted, f"{name}: {getattr(world, name)}"
    if expects.language:
        assert world.state.language == expects.language
    own = [t for t in world.tickets if t.mine]
    assert expects.tickets is None or len(own) == expects.tickets, own
    _check_ticket(own, expects)
    _check_survey(world, expects)


def _check_ticket(own: list[Ticket], expects: Expected) -> None:
    wanted = expects.ticket
    if wanted is None:
        return
    ticket = next((t for t in reversed(own) if wanted.number in {None, t.number}), None)
    assert ticket is not None, "there is no such ticket"
    for name in ("type", "status", "urgency", "escalated"):
        value = getattr(wanted, name)
        assert value is None or getattr(ticket, name) == value, f"{name}: {getattr(ticket, name)}"
    assert (wanted.title or "") in ticket.title, ticket.title
    for part in wanted.holds:
        assert part in ticket.text, f"{part!r} not in {ticket.text!r}"


def _check_survey(world: World, expects: Expected) -> None:
    wanted = expects.survey
    if wanted is None:
        return
    assert world.surveys, "no survey was sent"
    survey = world.surveys[-1]
    assert survey.score == wanted.score, f"score: {survey.score}"
    assert (wanted.comment or "") in (survey.comment or ""), f"comment: {survey.comment}"
    assert wanted.finished is None or survey.finished == wanted.finished
