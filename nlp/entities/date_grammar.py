"""The grammar of dates as data: patterns over kinds of words, and what each is resolved by.

A pattern is a regular expression whose letters are whole words: ``DAY DE MONTHS`` is a day number,
"de" and a month. Named groups are handed to the resolver; where there is a group ``x``, only its
words are the find. Stages run one after the other: what an earlier one reduced to a ``D`` (days),
``P`` (a stretch that may be narrowed: a month, a week) or ``T`` (a time of the day) can be a part
in a later one, so "del lunes al miércoles de la semana pasada" is read from the inside out.
"""

import re
from dataclasses import dataclass

_KINDS = """
    W MONTH MON WEEKDAY WD ORD HOY MANANA AMANHA AYER ANTIER TRASANTIER ANOCHE ANTENOCHE TONIGHT
    MINS HORAS H DIA DIAS SEMANA UNITS UNIT ANO FINDE PART NOON THIS ULT PAST ANTEPAST NEXT ULTS PASTS
    NEXTS ORDS OTRA EL LA LOS LAS LO DE DEL A AL EN POR PARA DESDE HASTA ENTRE Y QUE VIENE PASO
    MISMO ANTES DESPUES AGO HACE DENTRO AQUI PARTIR TIPO DURANTE APPROX MAS MENOS PUNTO MEDIA MEDIO
    CUARTO FIN INI MED MITAD RESTO QUEDA VA CORRIDO SIN SOBRE QUINCENA EVENT HOLIDAY LONG TODO CADA LLEVO HABIL SON THING FEAST UN PAR M
    TH AMPM COMMA DASH SLASH DOT OPEN QUOTE BAR STOP YMD MY DM DOTTED DASHED CLOCK ZERO N12 N24 N31
    N59 N999 YEAR BIG D P T DT LOOSE
""".split()
CODE = {kind: chr(0x4E00 + i) for i, kind in enumerate(_KINDS)}

# Names for several kinds, and for phrases that are parts of many patterns.
_SHORTER = {
    "UNITT": "[MINS HORAS]", "DAY": "[N12 N24 N31]", "COUNT": "[UN PAR N12 N24 N31 N59 N999 BIG]",
    "NUMBER": "[N12 N24 N31 N59 N999 BIG]", "HOUR": "[N12 N24 ZERO]",
    "MINUTE": "[ZERO N12 N24 N31 N59]", "MONTHS": "[MONTH MON]", "ANYDAY": "[WEEKDAY WD]",
    "ANYUNIT": "[DIA DIAS SEMANA UNIT UNITS ANO FINDE QUINCENA]", "COUNTED": "[DIAS UNITS DIA SEMANA UNIT ANO QUINCENA]",
    "SPAN": "[SEMANA UNIT ANO FINDE QUINCENA]", "OF": "(?:DE LA|DE EL|DEL|DE)", "THE": "[EL LA LOS LAS]",
    "AFTER": "(?:PAST|NEXT|ULT|THIS|ANTEPAST|QUE VIENE|QUE PASO)",
    "BEFORE": "[THIS PAST ULT NEXT ANTEPAST OTRA]", "MANY": "[ULTS PASTS NEXTS PAST NEXT]",
    "NTH": "(?:[ORD ULT CUARTO]|ORD ORD|N12 TH)", "AROUND": "(?:APPROX|TIPO DE?|SOBRE DE?|MAS DE|MENOS DE)",
    "HALF": "(?:AMPM|M|[DE EN POR] LA? (?:PART|MANANA)|DEL (?:DIA|NOON|PART)|DE EL PART)",
    "TO": "[A AL HASTA DASH]", "FROM": "[DE DEL DESDE ENTRE]", "PM": "[AMPM M]", "NAMEDYEAR": "(?:THIS ANO|ANO PAST|ANO NEXT|ANO QUE VIENE|NEXT ANO|ULT ANO|PAST ANO)",
}  # fmt: skip


def compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression over codes of a pattern over names."""
    while (longer := re.sub(r"(?<!\?)\b[A-Z]+\b", _expand, pattern)) != pattern:
        pattern = longer
    coded = re.sub(r"(?<!\?)\b[A-Z][A-Z0-9]*\b", lambda m: CODE[m[0]], pattern)
    return re.compile(re.sub(r"\s+", "", coded))


def _expand(match: re.Match[str]) -> str:
    return _SHORTER.get(match[0], match[0])


@dataclass(frozen=True, slots=True)
class Rule:
    """``kind`` is what the words become; ``resolver`` the function of ``date_rules`` to ask."""

    kind: str
    resolver: str
    pattern: re.Pattern[str]


def _rules(kind: str, *rows: tuple[str, str]) -> tuple[Rule, ...]:
    return tuple(Rule(kind, resolver, compiled(pattern)) for resolver, pattern in rows)


_NARROWER = "OF [EL LA]? (?:MONTHS|P|YEAR|UNIT|ANO|SEMANA|BEFORE)"
_YEARS = "(?: (?:COMMA|OF|DASH|SLASH)? (?:DEL ANO|OF ANO|ANO)? (?P<year>YEAR) | (?:OF|DASH|SLASH) QUOTE? (?P<short>[N24 N31 N59 N999]) (?!UNITT) | OF (?P<named>NAMEDYEAR) )"
_NUMBERED = "(?P<day>DAY|ORD|ORD ORD|N12 TH|N24 TH|N31 TH)"

_AT = "(?P<x>[LAS LA] (?P<hour>HOUR|UN) (?P<minute>MINUTE)? HORAS? (?:EN PUNTO)? (?P<half>HALF)?)"
_NO_HOUR = "TH|UNITS|DIAS|UNIT|SLASH|MONTHS|OF MONTHS|DOT NUMBER|DASH NUMBER|Y MEDIA|Y MINUTE|OF P|ULTS|PASTS|NEXTS|ORDS"

WORDS_AND_FIGURES = (
    *_rules(
        "W",
        ("nothing", "(?:[LOS CADA]|CADA LOS) (?:ANYDAY|FIN DE SEMANA|FINDE)"),
        ("nothing", "CADA (?:LOS|LAS)? COUNT? (?:ANYUNIT|UNITT|PART|MANANA)"),
    ),
    *_rules(
        "P",
        ("month_of_year", f"(?P<month>MONTHS) DOT? {_YEARS}"),
        ("month_of_year", "(?P<year>YEAR) COMMA? (?P<month>MONTHS)"),
        ("month_of_year", "(?P<my>MY)"),
        ("month_beside", "(?P<side>BEFORE) (?P<month>MONTHS)"),
        ("month_beside", "(?P<month>MONTH) (?P<side>PAST|NEXT|QUE VIENE)"),
        ("month", "UNIT DE (?P<x>(?P<month>MONTHS))"),
        ("month_beside", "(?P<side>BEFORE) UNIT DE (?P<month>MONTHS)"),
        ("unit_beside", f"(?P<side>BEFORE) MISMO? (?P<unit>SPAN) (?!{_NARROWER})"),
        ("unit_beside", "(?P<unit>SPAN) (?P<side>AFTER)"),
        ("unit_beside", "(?P<unit>DIA) (?P<side>NEXT|PAST)"),
        ("unit_beside", "(?P<side>NEXT|ULT) (?P<unit>DIA)"),
        ("unit_after_next", "(?P<unit>SPAN) (?:DESPUES OF?) [LA EL]? NEXT (?:SEMANA|UNIT|ANO)?"),
        ("weekend", "(?P<x>FIN DE SEMANA (?P<side>AFTER)?)"),
        ("weekend", "(?P<side>BEFORE) (?:FIN DE SEMANA)"),
        ("weekend_after_next", "FIN DE SEMANA DESPUES OF? [LA EL]? NEXT"),
        ("weekend", "(?P<x>FINDE)"),
        ("part_of_year", f"(?P<nth>NTH) (?P<unit>UNIT|CUARTO)(?:{_YEARS})?"),
        ("part_of_year", "(?P<year>YEAR) EL? (?P<nth>NTH) (?P<unit>UNIT)"),
        ("part_of_year", "(?P<unit>UNIT) (?P<nth>N12) (?:OF (?P<year>YEAR))"),
        ("week_of_year", f"SEMANA (?P<week>[N12 N24 N31 N59])(?:{_YEARS})"),
        ("week_of_year", "(?:DE LA|ENTRE LA|HASTA LA|A LA|Y LA|DESDE LA|DESDE|ENTRE|HASTA|Y|EN) (?P<x>SEMANA (?P<week>[N12 N24 N31 N59]))"),
        ("year", "(?<!BIG) (?<!N999) (?<!LONG) (?:EN|DE|DEL|ANO|DESDE|HASTA|DURANTE|A|ENTRE|Y) (?P<x>(?P<year>YEAR)) (?!SLASH|DASH|COMMA? MONTHS)"),
        ("bare_year", "PARA (?P<x>(?P<year>YEAR)) (?!SLASH|DASH)"),
        ("bare_year", "W (?P<x>(?P<year>YEAR)) (?=STOP|COMMA|DOT|$)"),
        ("years", "(?P<year>YEAR) (?:DASH) (?P<last>YEAR)"),
        ("feast", "(?:EL|DEL|EN|BEFORE) (?P<x>(?P<name>HOLIDAY) (?P<after>AFTER)?)"),
        ("feast", "(?P<side>BEFORE) (?P<name>HOLIDAY)"),
        ("feast", f"(?P<side>BEFORE)? (?P<name>FEAST) (?:(?P<after>AFTER)|{_YEARS}|[DE DEL] (?P<inside>THIS ANO))?"),
    ),
    *_rules(
        "D",
        ("written", "(?P<ymd>YMD)"),
        ("days_of", f"(?P<x>FROM? EL? DIA? (?P<a>DAY) (?:TO|Y) (?:EL|LA)? DIA? (?P<b>DAY) OF? (?P<stretch>MONTHS){_YEARS}?)"),
        ("days_of", f"FROM? EL? (?P<pair>DASHED) OF? (?P<stretch>MONTHS){_YEARS}?"),
        ("day_of_month", f"(?:(?P<weekday>ANYDAY) COMMA? DIA?)? {_NUMBERED} DOT? (?:OF|DASH|SLASH|DE UNIT DE)? (?P<month>MONTHS) (?:DOT? {_YEARS} | DOT)?"),
        ("day_of_month", f"(?P<month>MONTHS) DOT? (?P<day>DAY|ORD|DAY TH) (?!W|THING|ANYUNIT|UNITT) (?:COMMA? OF? (?P<year>YEAR))?"),
        ("day_of_month", "(?:ANYDAY|EL|AL|DEL|DESDE|HASTA|PARA|DIA) (?P<x>(?P<day>DAY) DEL (?P<number>N12)) (?!ANYUNIT|THING)"),
        ("day_month", "(?P<dm>DM)"),
        ("day_month", "(?:EL|AL|DEL|ANYDAY) (?P<x>(?P<dm>DOTTED|DASHED)) (?!OF? MONTHS|DE P|AMPM|H)"),
        ("weekday_number", "(?P<weekday>ANYDAY) COMMA? DIA? (?P<day>DAY) (?!DASH|SLASH|OF? MONTHS|THING|UNITT|OF P)"),
        ("relative", "(?:EL? DIA DE)? (?P<word>HOY|AYER|ANTIER|TRASANTIER|AMANHA|ANOCHE|ANTENOCHE|TONIGHT) (?!EN DIA) MISMO?"),
        ("relative", "(?<!LA) (?<!THIS) (?:EL? DIA DE)? (?P<word>MANANA) MISMO?"),
        ("relative", "(?P<word>PAST MANANA)"),
        ("relative", "(?:EL? DIA)? (?P<word>ANTES OF? (?:AYER|ANOCHE) | [EL]? DIA ANTES DE AYER | [EL]? DIA PAST A AYER)"),
        ("relative", "(?:EL)? (?P<word>DIA DESPUES OF? (?:MANANA|AMANHA))"),
        ("weekday_again", "[DE EL AL DEL] (?P<x>(?P<start>HOY|MANANA|ANYDAY) EN (?P<count>N12|N24) DIAS?) (?!UNITT|THING|AMPM)"),
        ("ago", "(?P<x>HACE AROUND* (?:UN (?=PAR))? (?P<count>COUNT) OF? (?P<unit>COUNTED|UNITT|H) (?P<half>Y (?:MEDIA|MEDIO))? (?:Y (?P<more>COUNT) (?P<unitb>COUNTED|UNITT))?) AGO?"),
        ("ago", "HACE AROUND* (?P<count>MEDIA) (?P<unit>UNITT)"),
        ("ago", "(?P<count>COUNT) (?P<unit>COUNTED|UNITT|H) (?P<ago>[AGO MON])"),
        ("ahead", "(?P<within>EN|DENTRO DE|DE AQUI A|DE AQUI EN) (?P<around>AROUND+)? (?:UN (?=PAR))? (?P<count>COUNT) (?P<unit>COUNTED|UNITT|H) (?P<half>Y (?:MEDIA|MEDIO))? (?:COMMA (?P<extra>COUNT) (?P<unitc>COUNTED))? (?:Y (?P<more>COUNT) (?P<unitb>COUNTED|UNITT))? (?:A PARTIR DE (?P<anchor>HOY|MANANA|AQUI))? (?!HABIL|AGO|PASTS|PAST)"),
        ("ahead", "(?P<within>EN|DENTRO DE) (?P<count>MEDIA) (?P<unit>UNITT)"),
        ("ahead", "(?P<count>COUNT) (?P<unit>COUNTED|UNITT) (?:A PARTIR DE|DESPUES DE) (?P<anchor>HOY|MANANA)"),
        ("since", "(?:LLEVO|APPROX SON) AROUND* (?:UN (?=PAR))? (?P<x>(?P<count>COUNT) OF? (?P<unit>COUNTED|UNITT))"),
        ("since", "(?P<x>(?P<count>COUNT) (?P<unit>COUNTED|UNITT)) Y? SIN"),
        ("counted", f"(?P<side>MANY) (?P<count>COUNT) (?P<unit>COUNTED) (?!{_NARROWER})"),
        ("counted", "(?P<count>COUNT) (?P<side>ULTS|NEXTS|PASTS) (?P<unit>COUNTED)"),
        ("counted", "(?P<count>COUNT) (?P<unit>COUNTED) (?P<side>NEXTS|PASTS|QUE VIENE)"),
        ("counted", f"(?P<side>ULTS|NEXTS|PASTS) (?P<unit>DIAS|UNITS) (?!{_NARROWER})"),
    ),
    *_rules(
        "T",
        ("clock", f"(?:A|DESDE|HASTA|TIPO|SON|APPROX|ANTES DE|DESPUES DE|TIPO DE) {_AT} (?!THING|{_NO_HOUR})"),
        ("clock", f"(?:DE|ENTRE|Y|PARA|POR|EN) (?P<x>LAS (?P<hour>HOUR) (?P<minute>MINUTE)? (?P<half>HALF)?) (?!W|THING|UNITT|{_NO_HOUR})"),
        ("clock", "LAS? (?P<hour>HOUR) (?:H|EN PUNTO|PUNTO) (?P<half>HALF)? (?!AGO)"),
        ("clock", "LAS (?P<hour>HOUR) HORAS (?P<half>HALF)?"),
        ("clock", "(?P<x>[LAS LA] (?P<hour>HOUR|UN) Y (?P<minute>MINUTE) (?P<half>HALF)?) (?!UNITS|DIAS|W|THING|LAS|OF? MONTHS)"),
        ("clock", "[LAS LA]? (?P<hour>HOUR) Y (?P<minute>MINUTE) (?P<half>HALF)"),
        ("clock", "[LAS LA]? (?P<hour>HOUR|UN) (?P<half>PM)? Y (?P<plus>MEDIA|CUARTO|PUNTO) (?:EN PUNTO)? (?P<halfb>HALF)?"),
        ("clock", "LA? (?P<hour>UN) (?P<half>[DE EN POR] LA PART | [DE] LA MANANA)"),
        ("clock", "[LAS LA]? (?P<hour>HOUR) (?P<half>PM)? MENOS (?P<less>CUARTO|MINUTE) (?P<halfb>HALF)?"),
        ("clock", "[LAS LA]? (?P<hour>HOUR) (?P<minute>MINUTE)? (?P<half>PM | [DE] LA (?:PART|MANANA) | DEL (?:DIA|NOON) | POR LA PART)"),
        ("clock", "LAS? (?P<hhmm>N999|BIG) (?P<half>AMPM)"),
        ("clock", "[LAS LA]? (?P<clock>CLOCK) (?:H|HORAS)? (?P<half>HALF)?"),
        ("clock", "LAS (?P<dotted>DOTTED) (?:H|HORAS)? (?P<half>HALF)?"),
        ("clock", "(?P<dotted>DOTTED) (?:H|HORAS)? (?P<half>PM|[DE] LA PART)"),
        ("bare_clocks", "ENTRE LAS? (?P<a>HOUR|CLOCK|DOTTED) [Y A DASH] LAS? (?P<b>HOUR|CLOCK|DOTTED) (?P<half>HALF)? (?!THING|ANYUNIT|UNITT|OF? MONTHS|OF P|W|SLASH|OF? BEFORE)"),
        ("bare_clocks", "ENTRE LAS (?P<a>HOUR|CLOCK|DOTTED) Y LAS (?P<b>HOUR|CLOCK|DOTTED) (?P<half>HALF)?"),
        ("clock", "TIPO (?P<x>(?P<hour>HOUR) (?P<half>HALF)?) (?!W|THING|ANYUNIT|UNITT|OF? MONTHS)"),
        ("clock", "[HOY AYER ANTIER MANANA WEEKDAY] TIPO (?P<x>(?P<hour>HOUR)) (?!THING|ANYUNIT|UNITT|OF? MONTHS)"),
        ("around_hour", "(?P<minutes>MINUTE|CUARTO) (?P<unit>UNITT)? (?P<side>PARA|ANTES DE|PASTS DE?) LAS (?P<hour>HOUR|CLOCK) (?P<minute>[N12 N24 N31 N59])? (?P<half>HALF)?"),
        ("part", "(?:THIS|[EN POR A] LA|[A POR EN] EL|TODO LA|TODO THIS) MISMO? (?P<part>PART|MANANA)"),
        ("part", "(?:[A]? MEDIA|A LA MEDIA) (?P<middle>PART|MANANA)"),
        ("part", "(?P<part>NOON|MEDIO DIA|MEDIA PART)"),
    ),
)  # fmt: skip

# What is made of months, weeks, weekdays and bare numbers.
NARROWED = (
    *_rules(
        "D",
        ("days_of", "(?P<x>FROM? EL? (?P<a>DAY) (?:TO|Y) (?:EL|LA)? (?P<b>DAY) OF? (?P<stretch>P))"),
        ("days_of", "FROM? EL? (?P<pair>DASHED) OF? (?P<stretch>P)"),
        ("day_of", "(?P<day>DAY) OF (?P<stretch>P)"),
        ("weekday_of", "(?P<weekday>WEEKDAY) (?:OF|COMMA)? [LA EL]? (?P<stretch>P)"),
        ("weekdays_of", "(?P<x>FROM EL? (?P<a>WEEKDAY) (?:TO|Y) EL? (?P<b>WEEKDAY) OF? [LA]? (?P<stretch>P|SEMANA))"),
        ("weekdays_of", "(?P<stretch>P) COMMA? FROM EL? (?P<a>WEEKDAY) (?:TO|Y) EL? (?P<b>WEEKDAY)"),
        ("nth_weekday_of", "(?P<nth>NTH) (?P<weekday>WEEKDAY) OF (?P<stretch>P|MONTHS)"),
        ("nth_day", "(?P<nth>ORD|ULT) DIA OF [LA]? (?P<stretch>P|UNIT|ANO|SEMANA|MONTHS)"),
        ("nth_week", "(?P<nth>NTH) (?P<unit>SEMANA|QUINCENA) OF? [EL LA]? (?P<stretch>P|MONTH|MON|YEAR|UNIT|ANO)"),
        ("week_of", "SEMANA OF EL? (?P<day>D|LOOSE|DAY)"),
        ("month_with", "UNIT OF (?P<day>D|LOOSE)"),
        ("edge", "(?P<edge>FIN|INI|MED|MITAD) OF? [LA]? (?P<stretch>P|MONTHS|UNIT|SEMANA|ANO)"),
        ("edge", "(?P<edge>ORDS|ULTS) DIAS OF? [LA]? (?P<stretch>P|MONTHS|UNIT|SEMANA|ANO)"),
        ("mitad", "(?P<nth>NTH) (?:MITAD|QUINCENA) OF [LA]? (?P<stretch>P|UNIT|SEMANA|ANO|YEAR)"),
        ("first_months", "(?P<edge>ORDS|ULTS) (?P<count>COUNT) (?P<unit>UNITS|DIAS) OF? [LA]? (?P<stretch>P|UNIT|ANO|SEMANA|MONTHS)"),
        ("rest", "(?:RESTO|LO QUE QUEDA) OF? [LA]? (?P<stretch>P|UNIT|ANO|SEMANA|DIA)"),
        ("so_far", "LO (?:QUE VA|CORRIDO) OF? [EL LA]? (?P<stretch>P|UNIT|ANO|SEMANA|DIA)"),
    ),
)  # fmt: skip

_NO_DAY = "THING|BIG|ANYUNIT|UNITT|SLASH|DOT NUMBER|DASH NUMBER|M|AMPM|DE W|TH|COMMA NUMBER|H|OF? MONTHS|POR N999"
LEFT_OVER = (
    *_rules(
        "LOOSE",
        ("day", "DEL (?P<x>(?P<day>DAY)) (?=AL DAY)"),
        ("fortnight", "(?:PARA|EN|ANTES DE|HASTA|DESDE|DE) LA (?P<x>(?P<unit>QUINCENA))"),
        ("weekday", "(?P<side>BEFORE)? MISMO? (?P<weekday>WEEKDAY) (?P<after>AFTER)?"),
        ("month", "(?P<month>MONTH)"),
        ("month", "(?:EN|DE|DESDE|HASTA|A|ENTRE|DURANTE) (?P<x>(?P<month>MON)) (?!W)"),
        ("day", f"(?:EL|DESDE EL|HASTA EL|PARA EL|ANTES DEL|AL|DESDE|HASTA|DEL)? (?P<x>DIA (?P<day>DAY)) (?!{_NO_DAY})"),
        ("day", f"(?:DESDE EL|HASTA EL|PARA EL|ANTES DEL|DESDE|HASTA) (?P<x>(?P<day>DAY)) (?!{_NO_DAY})"),
        ("day_in_figures", f"[EL AL] (?P<x>(?P<day>DAY)) (?!{_NO_DAY})"),
        ("day_in_figures", f"EVENT DEL (?P<x>(?P<day>DAY)) (?!{_NO_DAY})"),
        ("unit", "(?:DE|EN|A) LA (?P<x>(?P<unit>SEMANA)) (?=STOP|COMMA|$)"),
    ),
    *_rules(
        "T",
        ("bare_clocks", "[DE DEL DESDE] LAS? (?P<a>HOUR|CLOCK|DOTTED) [A HASTA DASH] LAS? (?P<b>HOUR|CLOCK|DOTTED) (?P<half>HALF)? (?!THING|ANYUNIT|UNITT|OF? MONTHS|OF P|DE W|SLASH)"),
        ("bare_clocks", "DE (?P<a>HOUR) A (?P<b>HOUR) (?!W|THING|ANYUNIT|UNITT|OF? MONTHS|OF P|SLASH|DE W)"),
        ("clocks", "[DE DEL DESDE]? LAS? (?P<a>HOUR) [A HASTA DASH] LAS? (?P<b>T)"),
        ("clocks", "ENTRE LAS? (?P<a>HOUR) [Y A DASH] LAS? (?P<b>T)"),
        ("clocks", "[DE DEL DESDE] LAS? (?P<a>T) [A HASTA DASH] LAS? (?P<b>T|HOUR)"),
        ("clocks", "ENTRE LAS? (?P<a>T) [Y A DASH] LAS? (?P<b>T|HOUR)"),
        ("clocks", "(?P<a>T) (?:A|HASTA|DASH) LAS? (?P<b>T)"),
        ("part_clock", "(?P<part>T) (?:A|COMMA|TIPO|APPROX)* LAS? (?P<clock>T)"),
    ),
)  # fmt: skip

_WHEN = "[D P LOOSE]"
TOGETHER = (
    *_rules(
        "D",
        ("days_between", f"[DE DEL DESDE] THE? DIA? (?P<a>{_WHEN}) TO THE? DIA? (?P<b>{_WHEN})"),
        ("days_between", f"ENTRE THE? DIA? (?P<a>{_WHEN}) [Y A DASH] THE? DIA? (?P<b>{_WHEN})"),
        ("days_between", f"(?P<a>{_WHEN}) (?:HASTA|DASH|AL) THE? DIA? (?P<b>{_WHEN})"),
        ("days_between", "(?P<a>LOOSE) A (?P<b>LOOSE)"),
        ("two_months", "(?P<a>LOOSE) Y (?P<b>LOOSE)"),
        ("same_day", "(?P<a>[D LOOSE]) COMMA? (?P<b>[D LOOSE])"),
    ),
)  # fmt: skip
_JOINT = "COMMA? (?:[A POR EN DE DESDE APPROX MAS TIPO COMMA]|HASTA)* (?:[LA LAS EL])?"
WITH_TIME = _rules(
    "DT",
    ("timed", f"(?P<day>{_WHEN}) {_JOINT} (?P<clock>T)"),
    ("timed", f"(?P<clock>T) COMMA? (?:OF|[DIA EL THIS])* (?P<day>{_WHEN})"),
)
MOMENTS = _rules(
    "DT",
    ("moments", "FROM THE? (?P<a>DT) (?:TO|Y) THE? (?P<b>DT|T)"),
    ("moments", "(?P<a>DT) (?:HASTA|DASH) THE? (?P<b>DT|T)"),
)
STAGES = (WORDS_AND_FIGURES, NARROWED, LEFT_OVER, TOGETHER, WITH_TIME, MOMENTS)
