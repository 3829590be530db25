"""What a message means: the one value object that leaves ``nlp``."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

INTENTS = (
    "incidente",
    "peticion",
    "queja",
    "reclamo",
    "sugerencia",
    "felicitacion",
    "denuncia",
    "habeas_data",
    "consulta_comercial",
    "consulta_general",
    "estado_ticket",
    "agregar_informacion",
    "reabrir_ticket",
    "cerrar_ticket",
    "escalar",
    "hablar_humano",
    "cancelar_suscripcion",
    "saludo",
    "despedida",
    "agradecimiento",
    "afirmar",
    "negar",
    "ayuda",
    "es_bot",
    "insulto",
    "fuera_de_alcance",
)

ENTITY_TYPES = (
    "ticket",
    "factura",
    "contrato",
    "servicio",
    "ambiente",
    "fecha",
    "monto",
    "nit",
    "cedula",
    "email",
    "telefono",
    "empresa",
    "persona",
    "url",
    "ip",
    "codigo_error",
    "usuarios_afectados",
    "ciudad",
)

Urgency = Literal["baja", "media", "alta", "critica"]
Sentiment = Literal["negativo", "neutral", "positivo"]
Language = Literal["es", "en", "pt"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Entity(_Value):
    """A span of the original text: ``text == message[start:end]``; ``value`` is normalised JSON."""

    type: str
    text: str
    start: int
    end: int
    value: Any
    confidence: float = 1.0


class IntentScore(_Value):
    intent: str
    confidence: float


class Understanding(_Value):
    """The main intent first; ``intents`` holds every intent the message carries, best first."""

    intent: str
    confidence: float
    intents: tuple[IntentScore, ...] = ()
    entities: tuple[Entity, ...] = ()
    urgency: Urgency = "media"
    sentiment: Sentiment = "neutral"
    language: Language = "es"
    # by which it is compared with tickets; nothing to keep with the message
    meaning: tuple[float, ...] | None = Field(default=None, exclude=True, repr=False)

    def has(self, intent: str, at_least: float = 0.5) -> bool:
        """Whether the message carries this intent with at least that confidence."""
        return any(s.intent == intent and s.confidence >= at_least for s in self.intents)

    def first(self, entity_type: str) -> Entity | None:
        """The first entity of that type in reading order."""
        return next((e for e in self.entities if e.type == entity_type), None)

    def values(self, entity_type: str) -> tuple[Any, ...]:
        """The values of all entities of that type in reading order."""
        return tuple(e.value for e in self.entities if e.type == entity_type)
