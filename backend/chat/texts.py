"""The chat page's own words, by language. What the bot says lives with the dialogue."""

from typing import Final

from bot.channels.webchat import MAX_TEXT
from nlp.understanding import Language

_ES: Final[dict[str, str | list[str]]] = {
    "assistant": "asistente virtual",
    "attended_by": "Le atiende {name}",
    "online": "en línea",
    "offline": "Sin conexión. Lo que escriba se enviará cuando vuelva.",
    "failed": "No se pudo enviar.",
    "resend": "Reenviar",
    "discard": "Descartar",
    "wait": "Está escribiendo muy rápido. Se reintenta en un momento.",
    "write": "Escriba un mensaje",
    "send": "Enviar",
    "attach": "Adjuntar un archivo",
    "too_large": "El archivo supera el máximo de {size}.",
    "too_long": f"El mensaje supera los {MAX_TEXT} caracteres.",
    "empty_file": "El archivo está vacío.",
    "typing": "escribiendo…",
    "today": "Hoy",
    "yesterday": "Ayer",
    "newer": "Ir a los mensajes nuevos",
    "sending": "Enviando",
    "received": "Recibido",
    "handled": "Leído",
    "you": "Usted",
    "history": "Conversación",
    "choose": "Elija una opción",
    "options": "Ver opciones",
    "intro_title": "¿En qué podemos ayudarle?",
    "intro": (
        "Cuéntenos con sus palabras qué necesita. Le responde un asistente virtual "
        "y, cuando haga falta, una persona de nuestro equipo."
    ),
    "starters": ["Quiero reportar una falla", "¿Cómo va mi caso?", "Hablar con una persona"],
    "privacy": "Tratamiento de datos personales",
    "file": "Archivo",
    "no_script": "Este chat necesita JavaScript. Actívelo o escríbanos por otro canal.",
}
_EN: Final[dict[str, str | list[str]]] = {
    "assistant": "virtual assistant",
    "attended_by": "{name} is helping you",
    "online": "online",
    "offline": "You are offline. What you write is sent once you are back.",
    "failed": "Not sent.",
    "resend": "Send again",
    "discard": "Discard",
    "wait": "You are writing very fast. We will retry in a moment.",
    "write": "Write a message",
    "send": "Send",
    "attach": "Attach a file",
    "too_large": "The file exceeds the maximum of {size}.",
    "too_long": f"The message exceeds {MAX_TEXT} characters.",
    "empty_file": "The file is empty.",
    "typing": "typing…",
    "today": "Today",
    "yesterday": "Yesterday",
    "newer": "Go to new messages",
    "sending": "Sending",
    "received": "Received",
    "handled": "Read",
    "you": "You",
    "history": "Conversation",
    "choose": "Choose an option",
    "options": "See options",
    "intro_title": "How can we help you?",
    "intro": (
        "Tell us in your own words what you need. A virtual assistant answers and, "
        "where needed, a person of our team."
    ),
    "starters": ["I want to report a failure", "How is my case going?", "Talk to a person"],
    "privacy": "Personal data policy",
    "file": "File",
    "no_script": "This chat needs JavaScript. Enable it or write to us on another channel.",
}
_PT: Final[dict[str, str | list[str]]] = {
    "assistant": "assistente virtual",
    "attended_by": "{name} está atendendo você",
    "online": "on-line",
    "offline": "Sem conexão. O que escrever será enviado quando ela voltar.",
    "failed": "Não foi enviada.",
    "resend": "Reenviar",
    "discard": "Descartar",
    "wait": "Você está escrevendo muito rápido. Tentaremos de novo em instantes.",
    "write": "Escreva uma mensagem",
    "send": "Enviar",
    "attach": "Anexar um arquivo",
    "too_large": "O arquivo excede o máximo de {size}.",
    "too_long": f"A mensagem excede {MAX_TEXT} caracteres.",
    "empty_file": "O arquivo está vazio.",
    "typing": "digitando…",
    "today": "Hoje",
    "yesterday": "Ontem",
    "newer": "Ir às mensagens novas",
    "sending": "Enviando",
    "received": "Recebida",
    "handled": "Lida",
    "you": "Você",
    "history": "Conversa",
    "choose": "Escolha uma opção",
    "options": "Ver opções",
    "intro_title": "Como podemos ajudar?",
    "intro": (
        "Conte com suas palavras o que precisa. Um assistente virtual responde e, "
        "quando for preciso, uma pessoa da nossa equipe."
    ),
    "starters": ["Quero relatar uma falha", "Como está o meu caso?", "Falar com uma pessoa"],
    "privacy": "Tratamento de dados pessoais",
    "file": "Arquivo",
    "no_script": "Este chat precisa de JavaScript. Ative-o ou escreva por outro canal.",
}
_TEXTS: Final[dict[Language, dict[str, str | list[str]]]] = {"es": _ES, "en": _EN, "pt": _PT}


def texts_in(language: Language) -> dict[str, str | list[str]]:
    """Every word of the page."""
    return _TEXTS[language]
