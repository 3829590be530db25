"""What people type to a question from 1 to 5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.csat import parse_csat

SCORES = {
    5: """
        5|5.|5!|05|5/5|5 / 5|5 de 5|5 sobre 5|5 out of 5|cinco|Cinco!|un cinco|un 5|le doy un 5
        les pongo 5|mi nota es 5|califico con 5|5 estrellas|cinco de cinco|5 puntos|5 gracias
        5, muchas gracias|CINCO|five|five stars|5️⃣|⭐⭐⭐⭐⭐|🌟🌟🌟🌟🌟|👍
        👍👍👍|👍🏽|👍🏽👍🏽|💯|❤️|😍
        excelente|Excelente!!|EXCELENTE|excelente servicio|excelente, gracias|muy bueno|muy buena
        muy buena la atención|muy bien|perfecto|perfecto, mil gracias|genial|espectacular|increíble
        buenísimo|súper bien|súper|de lujo|una chimba|muy satisfecho|impecable|lo máximo|bacanísimo
        excellent|great|awesome|very good|perfect, thanks|amazing|great service|very satisfied
        ótimo|excelente atendimento|muito bom|perfeito|ótimo, obrigado|I give it a 5|dou 5
    """,
    4: """
        4|4/5|4 de 5|cuatro|un cuatro|le doy 4|bueno pues 4|4 estrellas|⭐⭐⭐⭐|bueno|buena|bien
        todo bien|chévere|satisfecho|bastante bien|good|pretty good|four|four out of five|bom
        quatro|4️⃣|🙂|buena atención|bien, gracias
    """,
    3: """
        3|3/5|tres|un tres|⭐⭐⭐|regular|más o menos|normal|ahí ahí|aceptable|ni bien ni mal|maso
        three|average|so so|mais ou menos|razoável|😐|3 puntos|regular la atención
    """,
    2: """
        2|2/5|dos|un dos|⭐⭐|malo|mala|mal|deficiente|insatisfecho
        no muy bien|no muy buena|nada bueno
        bad|poor|two|not good|ruim|dois|2 estrellas|no fue buena|mala atención
    """,
    1: """
        1|1/5|uno|un uno|⭐|👎|👎👎|muy malo|muy mala|muy mal|pésimo
        pésimo servicio|horrible|terrible
        fatal|una porquería|un desastre|lo peor|malísimo|awful|very bad|terrible service|one
        péssimo|muito ruim|1 estrella|😡|le doy 1|pésima atención
    """,
}
WITH_COMMENT = [
    ("5 pero se demoraron", 5, "demoraron"),
    ("4, aunque faltó explicar mejor", 4, "explicar"),
    ("1 nadie me contestó nunca", 1, "contestó"),
    ("3 porque tocó insistir mucho", 3, "insistir"),
    ("5/5 Julián es un duro", 5, "Julián"),
    ("2. me colgaron dos veces", 2, "colgaron"),
    ("⭐⭐⭐⭐ rápidos", 4, "rápidos"),
    ("excelente, resolvieron en minutos", 5, "minutos"),
    ("muy malo, se demoraron una semana", 1, "semana"),
    ("pésimo, no vuelvo a escribir", 1, "escribir"),
    ("le doy un 4 porque se demoraron", 4, "demoraron"),
    ("very good, quick answer", 5, "quick"),
    ("muito bom, resolveram logo", 5, "resolveram"),
    ("regular, toca mejorar los tiempos", 3, "tiempos"),
    ("la verdad muy mala la atención", 1, "verdad"),
    ("hicieron un excelente trabajo con el servidor", 5, "servidor"),
    ("5 👏 gracias a Andrea", 5, "Andrea"),
]
UNCLEAR = [
    "0",
    "6",
    "10",
    "10/10 de una",
    "7",
    "100",
    "4.5",
    "3,5",
    "8/10",
    "9 de 10",
    "⭐⭐⭐⭐⭐⭐",
    "👍👎",
]
NO_SCORE = [
    "",
    "   ",
    "gracias",
    "muchas gracias",
    "ok",
    "hola",
    "sigue fallando",
    "no funciona el correo",
    "necesito otra cosa",
    "2 usuarios siguen sin acceso",
    "5 días esperando",
    "3 veces me ha pasado lo mismo",
    "tengo una pregunta",
    "uno de los usuarios no puede entrar",
    "dos personas siguen con el problema",
    "¿quién me atendió?",
    "después les digo",
    "quiero hablar con una persona",
    "el ticket PT-2026-000123",
    "4 facturas siguen mal",
    "1 hora después volvió a caerse",
    "quedo atenta",
    "listo",
    "vale",
    "jajaja",
    "🤔",
    "asdfgh",
    "http://example.org/5",
    "bom dia, preciso de outra coisa",
    "buena tarde, no puedo entrar",
    "good morning, I cannot log in",
    "error fatal al abrir el ERP",
    "super lento el sistema hoy",
    "bueno y lo otro qué",
    "el área legal necesita acceso",
    "perfecto y ahora cómo entro al portal",
    "normalmente abre y hoy no",
]


def _labelled():
    for score, block in SCORES.items():
        for line in block.splitlines():
            for text in line.split("|"):
                if text.strip():
                    yield text.strip(), score


LABELLED = list(_labelled())


def test_the_table_is_large() -> None:
    assert len(LABELLED) + len(WITH_COMMENT) + len(UNCLEAR) + len(NO_SCORE) >= 200


@pytest.mark.parametrize(("text", "score"), LABELLED)
def test_score_alone(text: str, score: int) -> None:
    parsed = parse_csat(text)
    assert (parsed.score, parsed.comment, parsed.unclear) == (score, None, False)
    assert parsed.explicit


@pytest.mark.parametrize(("text", "score", "part"), WITH_COMMENT)
def test_score_with_a_comment(text: str, score: int, part: str) -> None:
    parsed = parse_csat(text)
    assert parsed.score == score
    assert part in (parsed.comment or "")


@pytest.mark.parametrize("text", UNCLEAR)
def test_outside_the_scale_is_unclear(text: str) -> None:
    parsed = parse_csat(text)
    assert parsed.unclear
    assert parsed.score is None


@pytest.mark.parametrize("text", NO_SCORE)
def test_no_score(text: str) -> None:
    parsed = parse_csat(text)
    assert parsed.score is None
    assert not parsed.unclear


@given(st.text(max_size=3000))
def test_any_text_gives_a_score_of_the_scale_or_none(text: str) -> None:
    parsed = parse_csat(text)
    assert parsed.score in {None, 1, 2, 3, 4, 5}
    assert not (parsed.unclear and parsed.score)


@given(st.integers(1, 5), st.sampled_from(["", " ", "!", ".", " gracias", " 🙏"]))
def test_a_number_of_the_scale_is_itself(score: int, ending: str) -> None:
    assert parse_csat(f"{score}{ending}").score == score
