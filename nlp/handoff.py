"""Asking for a person, against refusing one or telling about one: rules over folded text.

"No quiero que me pasen con un humano" and "ayer hablé con un asesor" hold all the words of a
request and are none; a linear model cannot tell, and a wrong hand-over is the costliest mistake.
"""

import re

_WHO = (
    r"(?:humanos?|personas?|asesor(?:a|es|as)?|agentes?|operador(?:a|es)?|alguien|ejecutiv[oa]s?"
    r"|representantes?|funcionari[oa]s?|ingenier[oa]s?|tecnic[oa]s?|human|person|agent|someone"
    r"|representative|atendentes?|pessoas?)"
)
_NEAR = r"(?:\W+\w+){0,5}?\W+"
_SAME_PHRASE = r"(?:[^\w,]+\w+){0,5}?[^\w,]+"
_MACHINE = r"(?:bots?|robots?|maquinas?|robo|machine|chatbot|contestador\w*|ia)"

# "no quiero / no hace falta / sin necesidad de … un asesor"
_REFUSED = re.compile(
    r"\b(?:no|sin|ni|nunca|tampoco|not|don'?t|nao|nem)\s+(?:(?!yo\b)\w+\s+){0,2}?"
    r"(?:quier[oae]\w*|quisiera|necesit\w+|requier\w+|hace\W+falta|es\W+necesari[oa]|hay\W+necesidad"
    r"|necesidad|deseo|me\W+(?:pase\w*|comunique\w*|transfier\w+|ponga\w*|mande\w*)|pase\w*"
    r"|transfier\w+|comunique\w*|hablar|tener|want|need|quero|preciso|transfir\w+|vale\W+la\W+pena"
    r"|me\W+interesa|se\W+le\W+ocurra|pretendo|busco|pid\w+|pedi\w*|estoy\W+pidiendo)"
    + _SAME_PHRASE
    + _WHO
    + r"\b"
)
# "asesor no", "gente no, gracias", "agradezco el asesor, mas no lo veo necesario"
_DECLINED = re.compile(
    r"(?:^|[.,;!?]\W*)(?:un\W+)?" + _WHO.replace("humanos?", "humanos?|gente|llamadas?")
    + r"\W+(?:no|nel|nada|tampoco)\b(?!\W+(?:me|nos|ha|hay|responde|contesta|atiende|sabe))"
    r"|\b" + _WHO + r"\b.{0,30}\b(?:mas|pero|aunque)?\W*no\W+(?:lo|la|me)\W+"
    r"(?:encuentro|veo|creo|parece|hace)\W+(?:falta|necesari[oa])\b"
)  # fmt: skip
_INSTEAD = re.compile(
    r"\b(?:en\W+(?:vez|lugar)\W+de|antes\W+(?:de|que)|mejor\W+que(?!\W+(?:me|nos)\b)|prefiero\W+(?:el|al|un|este)?\W*"
    r"(?:bot|chat|robot)|instead\W+of|rather\W+than|em\W+vez\W+de)" + _NEAR + _WHO + r"\b"
)
# Past tense with the person as the one who did or was spoken to. Accents are folded away:
# "llamé a un asesor" tells, "que me llame un asesor" asks.
_PAST = r"(?:me|nos|se)\W+\w+(?:o|io|on|aba|ia)"
_TOLD = re.compile(
    r"\b(?:(?<!me )(?<!que )(?:hable|llame)|hablamos|hablaba|(?<!como )(?<!mejor )(?<!forma )"
    r"(?<!quien )(?<!yo )(?<!no )hablo|converse|conversamos"
    r"|(?:me|nos)\W+(?:atendio|atendieron|comunicaron|comunicamos|pasaron|transfirieron|llamo"
    r"|llamaron|dijo|dijeron|hablo|contacto|contactaron|contesto|ayudo)|escribi|pase\W+por"
    r"|spoke|talked|spoken|falei|quedo\W+de|quedaron\W+de|(?:estuve|habia|he)\W+habla(?:ndo|do))"
    + _NEAR + _WHO + r"\b"
    r"|\b" + _WHO + r"[^\w:]+(?:\w+[^\w:]+){0,4}?(?:" + _PAST + r"|quedo|vino|prometio|ofrecio|told"
    r"|said|hung|disse)\b"
)  # fmt: skip
_WHEN_NEEDED = re.compile(
    r"\b(?:si|cuando|en\W+caso\W+de|por\W+si|if|se)\W+(?:\w+\W+){0,3}?(?:necesit\w+|requier\w+|quier[oa]|quisiera"
    r"|llego|llegara|hace\W+falta|need|precisar)" + _NEAR + _WHO + r"\b"
)  # fmt: skip

_WANT = (
    r"(?:quier[oe]|quisiera|quiciera|necesit[oa]|prefiero|preferiria|deseo|me\W+gustaria|exijo"
    r"|requiero|solicito|urge|pid[oe]|want|need|would\W+like|quero|preciso|gostaria|puedo|puede[ns]?|podria[ns]?|can|could"
    r"|sera\W+que|posible|favor|please|prefer)"
)
_VERB = (
    r"(?:hablar|hablando|conversar|charlar|tratar|comuni\w+|pas[ae]\w*|pong[ae]\w*|ponme"
    r"|poneme|atiend\w+|atend\w+|transfi\w+|transferir|conect\w+|llam\w+|contact\w+|escrib\w+|talk|speak|connect|transfer|call|falar|chatear)"
)
# Orders to be put through; as the pronoun hangs on, none of them can be refused or told.
_PUT_THROUGH = (
    r"(?:paseme|pasenme|pasame|pongame|ponganme|comuniqueme|comuniquenme|comunicame|transfierame"
    r"|transfieranme)"
)
# Those who are asked for by name alone; "necesito un técnico" asks for a visit.
_PROPER = (
    r"(?:humanos?|persona|asesor(?:a|es|as)?|agente|operador(?:a)?|ejecutiv[oa]|representante|human"
    r"|agent|representative|atendente|pessoa)"
)
# Said of people only where one is asked for: "póngame un muchacho", not "un muchacho vino".
_SOMEBODY = (
    r"(?:algun[oa]?|muchach[oa]|chic[oa]|nin[oa]|man|tipo|senor(?:a|ita)?|cristiano|ser\W+humano"
    r"|gente|companer[oa]|colega|especialista|supervisor(?:a)?|quien)"
)
_AGAIN = r"con\W+(?:(?:el|ella)(?=[\s.,;!?]*$)|otr[oa])"
_SALES = re.compile(r"\b(?:comercial(?:es)?|ventas|sales|vendedor(?:a|es)?|cotiz\w+)\b")
_REQUESTED = re.compile(
    r"\b" + _WANT + r"\b" + r"(?:\W+\w+){0,4}?\W+" + _VERB + r"\b" + _NEAR + _WHO + r"\b"
    r"|\b(?:" + _PUT_THROUGH + r"|ponme|poneme|conecteme"
    r"|me\W+(?:comunica|pasa|transfiere|conecta)s?n?"
    r"|connect\W+me|transfer\W+me|let\W+me\W+talk|me\W+transfere"
    r"|me\W+passa)\b" + _NEAR + _WHO + r"\b"
    r"|\bque\W+me\W+(?:atienda|llame|contacte|hable"
    r"|escriba)n?\W+" + _NEAR[:-3] + r"\W*" + _WHO + r"\b"
    r"|\b" + _WANT + r"\W+(?:a\W+)?(?:un|una|otra|algun|alguna|a|an|um|uma)?\W*" + _PROPER + r"\b"
    r"|\bque\W+(?:ya\W+|por\W+favor\W+)?(?:alguien|alguno|una\W+persona|un\W+(?:humano|asesor|agente))"
    r"\W+(?:\w+\W+){0,2}?me\W+(?:hable|atienda|llame|contacte|escriba|conteste|escuche|marque)\b"
    r"|\b(?:pongame|ponme|poneme|paseme|pasame|consigame|conseguime|consigueme|deme|dame|busqueme"
    r"|comuniqueme|regaleme)\W+(?:con\W+|a\W+)?(?:un|una|algun|alguna|otro|otra)?\W*(?:"
    + _WHO + "|" + _SOMEBODY + r")\b"
    r"|\bquien\W+(?:mas\W+)?(?:hay|esta)\W+(?:\w+\W+){0,2}?(?:ahi|disponible|de\W+turno|que\W+"
    r"(?:me\W+)?(?:atienda|entienda|conteste))\b"
    r"|\b(?:paseme|comuniqueme|qui(?:ero|siera)\W+hablar)\W+(?:\w+\W+){0,2}?" + _AGAIN + r"\b"
    r"|\b(?:no|not|nao)\W+(?:\w+\W+){0,4}?" + _MACHINE + r"\b.{0,40}\b" + _WHO + r"\b"
    r"|\b(?:no|not|nao)\W+(?:\w+\W+){0,2}?(?:hablar|hablando|chatear|escribir\w*|tratar|contest\w+|respond\w+"
    r"|atiend\w+|talk\w*|speak\w*|falar)\W+(?:\w+\W+){0,2}?" + _MACHINE + r"\b"
    r"|\bcomo\W+(?:hago\W+(?:para|pa)\W+|puedo\W+)?(?:hablo|hablar|me\W+comunico|comunicarme|contacto|contactar)"
    + _NEAR
    + _WHO + r"\b"
    r"|\b(?<!no )(?<!que )(?:llame(?:n)?me|marque(?:n)?me|timbre(?:n)?me)\b"
    r"|\b(?:hay|esta)\W+(?:alguien|nadie|alguno|algun\W+asesor)\W*(?:ahi|aqui|o\W+(?:que|no)|disponible|en\W+linea"
    r"|que\W+(?:me\W+)?(?:responda|conteste|atienda))?\W*$"
    r"|\b(?:este|ese|el)\W+(?:bot|robot|chatbot)\W+no\W+(?:me\W+)?(?:sirve|entiende|ayuda|soluciona)\b"
    r"|\bno\W+me\W+(?:sirve|gusta|entiende|ayuda)\W+(?:este|el|ese|hablar\W+con\W+(?:un|este))\W+(?:bot|robot|chatbot)\b"
    r"|\b(?:hart[oa]|cansad[oa]|mamad[oa]|aburrid[oa]|tired|sick|cansei)\W+(?:de|del|of)\W+(?:\w+\W+){0,3}?"
    + _MACHINE + r"\b"
)  # fmt: skip

_CLAUSES = re.compile(
    r"[.;!?\n]+|,\s*(?:pero|asi que|por eso|entonces|ahora|y ahora|but|so|then)\b|\b(?:pero|but)\b"
    # an order to us begins anew, whatever was told before it
    r"|,\s*(?=(?:mejor\s+|entonces\s+)?(?:quiero|necesito|dem[eo]|dame|que\s+(?:me|alguien))\b)"
    r"|\s(?=" + _PUT_THROUGH + r"\b)"
)


def _clauses(folded: str) -> list[str]:
    return [clause for clause in _CLAUSES.split(folded[:1_500]) if clause.strip()]


def _states(clause: str) -> tuple[bool, bool]:
    """(asks for a person, refuses or tells of one) in one clause."""
    against_machine = re.search(r"\b(?:no|not|nao)\W+(?:\w+\W+){0,4}?" + _MACHINE + r"\b", clause)
    denied = bool(
        _REFUSED.search(clause)
        or _DECLINED.search(clause)
        or _INSTEAD.search(clause)
        or _TOLD.search(clause)
        or _WHEN_NEEDED.search(clause)
    )
    if against_machine and _REQUESTED.search(clause[against_machine.end() :] or clause):
        return True, False
    asked = bool(_REQUESTED.search(clause)) and not _SALES.search(clause)
    return asked and not denied, denied


def is_refused_or_told(folded: str) -> bool:
    """A person is mentioned only to say no to one, or to tell what one did."""
    states = [_states(clause) for clause in _clauses(folded)]
    return any(denied for _, denied in states) and not any(asked for asked, _ in states)


def is_requested(folded: str) -> bool:
    """A person is asked for in so many words."""
    return any(asked for asked, _ in map(_states, _clauses(folded)))
