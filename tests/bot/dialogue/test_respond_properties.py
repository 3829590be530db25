"""Whatever is written in whatever order: never an exception, never a fourth question."""

from datetime import UTC, datetime, timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st
from support.story_world import Ticket, World

from bot.dialogue.draft import MAX_QUESTIONS
from bot.dialogue.flows import FLOWS, ROUTES
from bot.dialogue.model import DialogueState, HandToAgent, OpenTicket
from bot.messages import Attachment, InboundMessage, MessageKind, Sender
from nlp.understanding import ENTITY_TYPES, INTENTS, Entity, IntentScore, Understanding

START = datetime(2026, 11, 23, 15, tzinfo=UTC)
SAID = st.sampled_from(
    [
        "", " ", "\u200b", "sí", "no", "1", "2", "5", "10", "cancelar", "no sé",
        "gracias", "STOP", "acepto",
        "no acepto", "hola", "asesor", "👍", "⭐⭐⭐", "el 123", "PT-2026-000123", "PT-",
        "es otro problema",
        "tengo un problema", "se cayó SAP y nadie puede facturar",
        "{ticket} {{7*7}} %s", "sigue fallando",
        "no, es en QA, no en producción", "excelente", "muy malo, se demoraron", "palabra " * 500,
    ]
) | st.text(max_size=60)  # fmt: skip
PAYLOADS = st.none() | st.sampled_from(
    ["report:yes", "report:fix", "report:cancel", "consent:yes", "consent:no",
    "human", "csat:5", "csat:9",
     "menu:report", "menu:status", "ticket:PT-2026-000123", "ticket:", "service:0",
     "service:99", "x" * 64]
)  # fmt: skip


@st.composite
def understandings(draw, text):
    entities = []
    for kind in draw(st.lists(st.sampled_from(ENTITY_TYPES), max_size=3)):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, len(text)))
        value = draw(st.sampled_from([text[start:end], 3, None, "qa", {"start": "x"}]))
        entities.append(Entity(type=kind, text=text[start:end], start=start, end=end, value=value))
    intent = draw(st.sampled_from(INTENTS))
    confidence = draw(st.sampled_from([0.0, 0.3, 0.5, 0.7, 0.95]))
    return Understanding(
        intent=intent,
        confidence=confidence,
        intents=(IntentScore(intent=intent, confidence=confidence),),
        entities=tuple(entities),
        urgency=draw(st.sampled_from(["baja", "media", "alta", "critica"])),
        language=draw(st.sampled_from(["es", "en", "pt"])),
    )


@st.composite
def messages(draw):
    text = draw(SAID)
    payload = draw(PAYLOADS)
    kind = MessageKind.CHOICE if payload else draw(st.sampled_from(MessageKind))
    files = draw(st.lists(st.just(Attachment(ref="1", filename="a.png")), max_size=2))
    message = InboundMessage(
        channel="webchat",
        account="main",
        provider_id="1",
        thread="client",
        sender=Sender(external_id="client"),
        kind=kind,
        text=text,
        payload=payload,
        attachments=tuple(files),
        sent_at=START,
        automatic=draw(st.integers(0, 20)) == 0,
    )
    return message, draw(understandings(text))


@st.composite
def worlds(draw):
    world = World(
        START, consent=draw(st.sampled_from(["unknown", "noticed", "granted", "refused"]))
    )
    world.verified = draw(st.booleans())
    world.model = draw(st.integers(0, 9)) > 0
    world.name = draw(st.sampled_from([None, "Ana María", "🔥", "{ticket}", " "]))
    world.services = draw(
        st.sampled_from([(), ("SAP",), ("SAP Business One", "CRM"), tuple("abcdefghijklm")])
    )
    for number in range(draw(st.integers(0, 12))):
        status = draw(
            st.sampled_from(["nuevo", "en_curso", "en_espera_del_cliente", "resuelto", "cerrado"])
        )
        at = START - timedelta(days=number)
        title = draw(st.sampled_from(["No imprime", "x" * 120, "{ticket}"]))
        world.tickets.append(
            Ticket(f"PT-2026-{number + 120:06d}", "incidente", status, title, title, at, at)
        )
    return world


PAUSES = st.sampled_from([timedelta(seconds=1), timedelta(minutes=5), timedelta(hours=30)])
SURVEYED = st.sampled_from([False, False, False, True])
CONVERSATIONS = st.lists(st.tuples(messages(), PAUSES, SURVEYED), max_size=8)


@settings(max_examples=300, deadline=None)
@given(worlds(), CONVERSATIONS)
def test_any_conversation_keeps_the_rules(world, conversation):
    for (message, understanding), pause, surveyed in conversation:
        world.now += pause
        if surveyed and any(t.status != "cerrado" for t in world.tickets):
            world._ask_survey(world._newest())
        consent_before = world.consent
        turn = world.receive(message, understanding)
        event(f"flow {turn.state.flow}, step {turn.state.step}")

        assert len(turn.state.asked) <= MAX_QUESTIONS
        asking = [r for r in turn.replies if r.phrase.startswith("report.ask_")]
        assert len(asking) <= 1
        assert turn.state.flow is None or turn.state.flow in FLOWS
        assert sum(isinstance(a, OpenTicket) for a in turn.actions) <= 1
        assert DialogueState.model_validate_json(turn.state.model_dump_json()) == turn.state
        for said in world.said:
            assert said.text.strip()
            assert len(said.choices) <= 10
            assert len({c.id for c in said.choices}) == len(said.choices)
        if message.automatic or message.kind is MessageKind.REACTION:
            assert not turn.replies
            assert not turn.actions
        elif message.kind is not MessageKind.EDIT:
            assert turn.replies, "every client gets an answer"
        if consent_before == "refused" and world.consent == "refused":
            assert not any(isinstance(a, OpenTicket) for a in turn.actions)
        if not world.verified:
            shown = "\n".join(m.text for m in world.said)
            assert "No imprime" not in shown or "No imprime" in message.text


@settings(max_examples=150, deadline=None)
@given(worlds(), CONVERSATIONS)
def test_a_person_is_reached_in_one_turn_from_every_state(world, conversation):
    for (message, understanding), pause, _ in conversation:
        world.now += pause
        world.receive(message, understanding)
    world.owner = "bot"
    text = "quiero hablar con una persona"
    message = InboundMessage(
        channel="webchat",
        account="main",
        provider_id="2",
        thread="client",
        sender=Sender(external_id="client"),
        text=text,
        sent_at=START,
    )
    turn = world.receive(message, Understanding(intent="hablar_humano", confidence=0.9))
    assert any(isinstance(a, HandToAgent) for a in turn.actions)
    assert any(r.phrase.startswith("handoff.") for r in turn.replies)


def test_every_intent_is_handled():
    interruptions = {"hablar_humano", "cancelar_suscripcion"}
    assert set(ROUTES) | interruptions == set(INTENTS)
