"""Words of dates in Spanish, Portuguese and English (folded): what kind each is, and its value."""

from typing import Any

Kinded = tuple[str, Any]


def _numbered(kind: str, groups: tuple[str, ...], first: int) -> dict[str, Kinded]:
    return {
        word: (kind, number)
        for number, words in enumerate(groups, start=first)
        for word in words.split()
    }


def _all(kind: str, words: str, value: str | int | None = None) -> dict[str, Kinded]:
    return {word: (kind, value or word) for word in words.split()}


# MONTH stands alone for a month; MON needs a number, a year or a preposition beside it.
_MONTHS = (
    _numbered(
        "MONTH",
        ("enero janeiro", "febrero fevereiro febrer", "marzo", "abril", "mayo maio",
         "junio junho", "julio julho", "agosto",
         "septiembre setiembre setembro septimbre septienbre", "octubre outubro otubre octubr",
         "noviembre novembro nobiembre noviembr", "diciembre dezembro disiembre diciembr"), 1,
    )
    | _numbered(  # before which a day stands in English
        "MONTHEN",
        ("january", "february", "", "april", "", "june", "july", "august", "september",
         "october", "november", "december"), 1,
    )
    | _numbered(
        "MON",
        ("ene jan", "feb fev", "mar march marco", "abr apr", "may mai", "jun", "jul", "ago aug",
         "sept sep set", "oct out", "nov", "dic dec dez"), 1,
    )
)  # fmt: skip
_WEEKDAYS = _numbered(
    "WEEKDAY",
    ("lunes monday segunda-feira lune", "martes tuesday terca-feira terca",
     "miercoles wednesday quarta-feira miercole", "jueves thursday quinta-feira juebes",
     "viernes friday sexta-feira biernes viernez vierne", "sabado saturday savado",
     "domingo sunday"), 0,
) | _numbered("WD", ("lun", "mart", "mie mi mier", "jue", "vie", "sab", "dom"), 0)  # fmt: skip
_ORDINALS = _numbered(
    "ORD",
    ("primer primero primera first primeiro 1ro 1ra", "segundo segunda second",
     "tercer tercero tercera third terceiro", "cuarta fourth", "quinto quinta fifth",
     "sexto sexta", "septimo septima", "octavo octava", "noveno novena", "decimo decima",
     "undecimo undecima", "duodecimo"), 1,
) | {"vigesimo": ("ORD", 20), "trigesimo": ("ORD", 30)}  # fmt: skip

# The day meant, counted from today; ``NIGHT`` ones also say the part of the day.
_RELATIVE = {
    **_all("HOY", "hoy hoje today oy hooy"),
    **_all("MANANA", "manana manna manhana"),
    **_all("AMANHA", "amanha tomorrow"),
    **_all("AYER", "ayer ontem yesterday ayr ayercito"),
    **_all("ANTIER", "antier anteayer antiayer anteontem antiyer"),
    **_all("TRASANTIER", "trasantier trasanteayer"),
    **_all("ANOCHE", "anoche", -1), **_all("ANTENOCHE", "antenoche anteanoche", -2),
    **_all("TONIGHT", "tonight"),
}  # fmt: skip
_UNITS = {
    **_all("MINS", "minuto minutos min mins minutes minute minutico minuticos minutito", "minute"),
    **_all("HORAS", "hora horas hr hrs hs horita horitas hour hours", "hour"),
    **_all("H", "h", "hour"),
    **_all("DIA", "dia day", "day"), **_all("DIAS", "dias days diitas diita", "day"),
    **_all("SEMANA", "semana week", "week"), **_all("UNITS", "semanas weeks", "week"),
    **_all("UNIT", "mes month", "month"), **_all("UNITS", "meses months", "month"),
    **_all("ANO", "ano year anio", "year"), **_all("UNITS", "anos years anios", "year"),
    **_all("QUINCENA", "quincena quinzena", "fortnight"), **_all("UNITS", "quincenas", "fortnight"),
    **_all("UNIT", "trimestre quarter", "quarter"), **_all("UNIT", "semestre", "half"),
    **_all("UNITS", "trimestres", "quarter"), **_all("UNITS", "semestres", "half"),
    **_all("UNIT", "bimestre", "bimonth"), **_all("UNIT", "cuatrimestre", "third"),
    **_all("FINDE", "finde weekend", "weekend"),
}  # fmt: skip
_PARTS = {
    **_all("PART", "tarde tardecita afternoon", "tarde"),
    **_all("PART", "noche noite evening night nochecita", "noche"),
    **_all("PART", "madrugada", "madrugada"), **_all("PART", "manha morning mananita", "manana"),
    **_all("NOON", "mediodia noon", "mediodia"),
    **_all("NOON", "medianoche midnight", "medianoche"),
}  # fmt: skip
_SIDES = {
    **_all("THIS", "este esta presente actual this deste desta neste nesta corriente", 0),
    **_all("ULT", "ultimo ultima last", -1),
    **_all("PAST", "pasado pasada anterior previous passado passada", -1),
    **_all("ANTEPAST", "antepasado antepasada", -2),
    **_all("NEXT", "proximo proxima siguiente entrante next", 1),
    **_all("ULTS", "ultimos ultimas", -1),
    **_all("PASTS", "pasados pasadas anteriores passados passadas past", -1),
    **_all("NEXTS", "proximos proximas siguientes", 1),
    **_all("ORDS", "primeros primeras"),
    **_all("OTRA", "otra outra", 1),
}
_SMALL_WORDS = {
    **_all("EL", "el the"), **_all("LA", "la"), **_all("LOS", "los os"), **_all("LAS", "las"),
    **_all("LO", "lo"), **_all("DE", "de d da do of dse"), **_all("DEL", "del"),
    **_all("A", "a to ah"), **_all("AL", "al ao"), **_all("EN", "en in on em nesta"),
    **_all("AT", "at as"), **_all("NA", "na"),
    **_all("POR", "por x"), **_all("PARA", "para pa by"), **_all("DESDE", "desde from since dsd"),
    **_all("HASTA", "hasta until till ate asta"), **_all("ENTRE", "entre between"),
    **_all("Y", "y and e"), **_all("QUE", "que q"), **_all("VIENE", "viene vienen vem"),
    **_all("PASO", "paso pasaron"), **_all("MISMO", "mismo misma mismito"),
    **_all("ANTES", "antes before"), **_all("DESPUES", "despues after depois tras"),
    **_all("AGO", "ago atras"), **_all("HACE", "hace hacen ase hase faz hac ha"),
    **_all("DENTRO", "dentro"), **_all("AQUI", "aqui aca ahora aki"), **_all("PARTIR", "partir"),
    **_all("TIPO", "tipo tipito"), **_all("SOBRE", "sobre hacia eso"),
    **_all("DURANTE", "durante during"),
    **_all("APPROX", "como unos unas casi aproximadamente aprox apenas cerca about around almost"
                     " alrededor uns umas exactamente ya maso"),
    **_all("MAS", "mas mais"), **_all("MENOS", "menos"), **_all("PUNTO", "punto"),
    **_all("MEDIA", "media"), **_all("MEDIO", "medio"), **_all("CUARTO", "cuarto", 4),
    **_all("FIN", "fin fines final finales end"),
    **_all("INI", "principio principios comienzo comienzos inicio inicios"),
    **_all("MED", "mediados"), **_all("MITAD", "mitad"), **_all("RESTO", "resto"),
    **_all("QUEDA", "queda falta"), **_all("VA", "va"), **_all("CORRIDO", "corrido"),
    **_all("TODO", "todo toda all"), **_all("CADA", "cada todos todas every"),
    **_all("LLEVO", "llevo llevamos llevan lleva llevaba van completo completamos completa"
                    " cumplimos cumple cumplo"),
    **_all("HABIL", "habiles habil"),
    **_all("EVENT", "reunion caida visita corte cita mantenimiento ventana falla capacitacion"
                    " llamada acta evento incidente dano taller sesion comite pago salida "
                    "migracion"),
    **_all("SON", "son eran seria"),
    **_all("SIN", "sin esperando pidiendo aguantando insistiendo rogando parados caidos bloqueados"
                  " solicitando llamando escribiendo nada ni"),
    # What is counted in a message of this trade: "el 15 usuarios" is no day.
    **_all("THING", "usuarios usuario personas persona facturas factura casos caso tickets ticket"
                    " pesos millones millon equipos licencias veces puntos items sedes cuotas"
                    " computadores empleados clientes users people percent lucas palos"
                    " sedes oficinas impresoras servidores companeros sucursales tiendas archivos"
                    " correos trabajadores"),
}  # fmt: skip

# Later ones win: "segunda" (pt) and "mi" have other meanings too.
LEXICON: dict[str, Kinded] = {
    **_SMALL_WORDS, **_ORDINALS, **_MONTHS, **_WEEKDAYS, **_RELATIVE, **_UNITS, **_PARTS, **_SIDES,
}  # fmt: skip

# Feasts with a name; a number of days is counted from Easter Sunday.
FEASTS: dict[str, tuple[int, int] | int] = {
    "navidad": (12, 25), "natal": (12, 25), "christmas": (12, 25), "nochebuena": (12, 24),
    "noche buena": (12, 24), "ano nuevo": (1, 1), "new year": (1, 1), "fin de ano": (12, 31),
    "noche vieja": (12, 31), "nochevieja": (12, 31), "dia de velitas": (12, 7),
    "dia de las velitas": (12, 7), "dia de reyes": (1, 6), "dia de los reyes": (1, 6),
    "domingo de pascua": 0, "pascua": 0, "pascuas": 0, "viernes santo": -2, "jueves santo": -3,
    "miercoles santo": -4, "miercoles de ceniza": -46, "martes santo": -5, "lunes santo": -6,
    "domingo de ramos": -7,
    "sabado santo": -1, "dia del trabajo": (5, 1), "dia del trabajador": (5, 1),
    "dia de la independencia": (7, 20), "halloween": (10, 31), "dia de las brujas": (10, 31),
    "dia de los inocentes": (12, 28),
}  # fmt: skip
# Month, weekday, which: "el segundo domingo de mayo".
MOVING_FEASTS = {
    "dia de la madre": (5, 6, 2), "dia de las madres": (5, 6, 2), "dia del padre": (6, 6, 3),
    "dia de los padres": (6, 6, 3), "amor y amistad": (9, 5, 3), "black friday": (11, 4, 4),
}  # fmt: skip
