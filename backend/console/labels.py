"""The console's Spanish words for stored values, and for times."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal

STATUS: Final = {
    "nuevo": "Nuevo",
    "en_curso": "En curso",
    "en_espera_del_cliente": "Espera al cliente",
    "resuelto": "Resuelto",
    "cerrado": "Cerrado",
}
TYPE: Final = {
    "peticion": "Petición",
    "queja": "Queja",
    "reclamo": "Reclamo",
    "sugerencia": "Sugerencia",
    "felicitacion": "Felicitación",
    "denuncia": "Denuncia",
    "habeas_data": "Habeas data",
    "incidente": "Incidente",
}
PRIORITY: Final = {"baja": "Baja", "media": "Media", "alta": "Alta", "critica": "Crítica"}
CHANNEL: Final = {
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
    "email": "Correo",
    "webchat": "Chat web",
    "crm": "CRM",
    "media": "Archivos",
}
DELIVERY: Final = {
    "queued": "En cola",
    "sent": "Enviado",
    "delivered": "Entregado",
    "read": "Leído",
    "failed": "No se entregó",
    "uncertain": "Sin confirmar",
    "not_sent": "No enviado",
}
EVENT: Final = {
    "opened": "Abierto",
    "assigned": "Asignado",
    "unassigned": "Sin asignar",
    "status": "Cambio de estado",
    "note": "Nota",
    "client_added": "El cliente agregó",
    "resolved": "Resuelto",
    "reopened": "Reabierto",
    "closed": "Cerrado",
    "escalated": "Prioridad elevada",
    "merged": "Unido a otro ticket",
    "absorbed": "Se le unió otro ticket",
    "told": "Se avisó al cliente",
}
ACTOR: Final = {"client": "Cliente", "bot": "Asistente", "system": "Sistema", "agent": "Agente"}
ROLE: Final = {"agent": "Agente", "supervisor": "Supervisor", "admin": "Administrador"}
KIND: Final = {
    "image": "Imagen",
    "audio": "Audio",
    "voice": "Nota de voz",
    "video": "Video",
    "document": "Documento",
    "sticker": "Sticker",
    "location": "Ubicación",
    "contact": "Contacto",
    "reaction": "Reacción",
    "edit": "Edición",
    "unsupported": "Mensaje no admitido",
}
CONSENT: Final = {
    "unknown": "Sin registrar",
    "noticed": "Aviso entregado",
    "granted": "Autorizó",
    "refused": "No autorizó",
}
INTENT: Final = {
    **{name: label.lower() for name, label in TYPE.items()},
    "consulta_comercial": "consulta comercial",
    "consulta_general": "consulta general",
    "estado_ticket": "estado de un ticket",
    "agregar_informacion": "agregar información",
    "reabrir_ticket": "reabrir un ticket",
    "cerrar_ticket": "cerrar un ticket",
    "escalar": "escalar",
    "hablar_humano": "hablar con una persona",
    "cancelar_suscripcion": "cancelar suscripción",
    "es_bot": "¿es un bot?",
    "fuera_de_alcance": "fuera de alcance",
}
ENTITY: Final = {
    "ticket": "Ticket",
    "cedula": "Cédula",
    "telefono": "Teléfono",
    "email": "Correo",
    "nit": "NIT",
    "ip": "IP",
    "url": "URL",
    "codigo_error": "Código de error",
    "usuarios_afectados": "Usuarios afectados",
    "afectados": "Afectados",
}
ITEM_STATE: Final = {"failed": "Falló", "uncertain": "Sin confirmar"}
EVENT_STATE: Final = {"dead": "No se pudo procesar", "quarantined": "Ilegible"}


def label(table: dict[str, str], value: str | None) -> str:
    """The word for a stored value; one that is not listed is shown as it is."""
    return table.get(value or "", (value or "").replace("_", " "))


def entity_value(value: object) -> str:
    """A normalised value as people write it: days, intervals, money."""
    match value:
        case {"start": str(start), "end": str(end)}:
            return f"{_moment(start)} a {_moment(end)}"
        case {"amount": int() | float() as amount, "currency": str(currency)}:
            return f"{format_decimal(amount, locale='es_CO')} {currency}"
        case str():
            return _moment(value)
        case _:
            return str(value)


def _moment(written: str) -> str:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return written
    return format_datetime(at, "d MMM y, HH:mm" if "T" in written else "d MMM y", locale="es_CO")


def local(at: datetime, timezone: str, pattern: str = "d MMM, HH:mm") -> str:
    """A moment on the company's clock."""
    return format_datetime(at.astimezone(ZoneInfo(timezone)), pattern, locale="es_CO")


def span(length: timedelta) -> str:
    """A length of time in its largest unit: ``menos de 1 min``, ``5 min``, ``3 h``, ``2 días``."""
    minutes = int(abs(length).total_seconds() // 60)
    if minutes < 1:
        return "menos de 1 min"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} días"


def ago(at: datetime, now: datetime) -> str:
    """How long since."""
    return "ahora" if now - at < timedelta(minutes=1) else f"hace {span(now - at)}"
