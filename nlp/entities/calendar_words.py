"""Words of dates and times in Spanish, Portuguese and English (folded), and calendar sums."""

import calendar
from datetime import date, timedelta

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "enero ene january jan janeiro", "febrero feb february fevereiro fev",
            "marzo mar march marco", "abril abr april apr", "mayo may maio mai",
            "junio jun june junho", "julio jul july julho", "agosto ago august aug",
            "septiembre setiembre sept sep september setembro set",
            "octubre oct october outubro out",
            "noviembre nov november novembro", "diciembre dic december dec dezembro dez",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "lunes lun monday segunda-feira", "martes tuesday terca-feira terca",
            "miercoles mie wednesday quarta-feira", "jueves jue thursday quinta-feira",
            "viernes vie friday sexta-feira sexta", "sabado sab saturday", "domingo dom sunday",
        )
    )
    for name in names.split()
}  # fmt: skip
SMALL = {
    "un": 1, "uno": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6,
    "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "once": 11, "doce": 12, "trece": 13,
    "catorce": 14, "quince": 15, "dieciseis": 16, "diecisiete": 17, "dieciocho": 18,
    "diecinueve": 19,
    "veinte": 20, "veintiuno": 21, "veintidos": 22, "veintitres": 23, "veinticuatro": 24,
    "veinticinco": 25, "veintiseis": 26, "veintisiete": 27, "veintiocho": 28, "veintinueve": 29,
    "treinta": 30, "cuarenta": 40, "cincuenta": 50, "primero": 1, "primer": 1, "par": 2,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10, "a": 1,
    "an": 1, "um": 1, "uma": 1, "dois": 2, "duas": 2, "quatro": 4, "sete": 7, "oito": 8, "dez": 10,
}  # fmt: skip
# Only those that no other word in the same place could be.
COUNT_WORDS = "|".join(sorted((w for w in SMALL if w != "primer"), key=lambda w: (-len(w), w)))
UNITS = {
    "minuto": "minute", "minutos": "minute", "min": "minute", "mins": "minute", "minutes": "minute",
    "minute": "minute", "hora": "hour", "horas": "hour", "h": "hour", "hr": "hour", "hrs": "hour",
    "horitas": "hour", "hour": "hour", "hours": "hour", "dia": "day", "dias": "day",
    "diitas": "day", "day": "day", "days": "day", "semana": "week", "semanas": "week",
    "week": "week", "weeks": "week", "mes": "month", "meses": "month", "month": "month",
    "months": "month", "ano": "year", "anos": "year", "year": "year", "years": "year",
    "anio": "year", "quincena": "fortnight", "quincenas": "fortnight",
}  # fmt: skip


def number(word: str) -> int:
    """A small number in digits or words."""
    return int(word) if word.isdigit() else SMALL[word]


def make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def full_year(written: str) -> int:
    year = int(written)
    return year if year >= 100 else year + (2000 if year < 70 else 1900)


def add_months(day: date, months: int) -> date:
    """The same day of another month, or the last one of it."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def month_span(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def week_span(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def shift(day: date, unit: str, count: int) -> date:
    """``count`` days, weeks, fortnights, months or years later (earlier if negative)."""
    if unit in {"month", "year"}:
        months = count * (12 if unit == "year" else 1)
        if not 1 <= day.year + months // 12 <= 9000:
            return day
        return add_months(day, months)
    days = count * {"day": 1, "week": 7, "fortnight": 15}[unit]
    return day + timedelta(days=max(-300_000, min(300_000, days)))
