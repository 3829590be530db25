"""Spanish, English or Portuguese, by the small words that carry each language."""

from nlp.normalise import fold, words
from nlp.understanding import Language

# Words (folded) that are frequent in one language and rare or absent in the other two.
_SIGNS: dict[Language, frozenset[str]] = {
    "es": frozenset(
        """a el la los las un buen feliz mando una unos unas y del al que con por para en es esta
        este estoy estan son hay muy pero porque como cuando donde quien quiero necesito
        tengo tiene puedo puede pueden hola buenos buenas dias tardes noches gracias
        favor usted ustedes mi mis su sus me se le les nos lo ya no si sin sobre desde
        hasta hace ayer hoy manana otra otro nada todo todos hacer fue ser senores
        cordial saludo listo vale bueno dale claro ahi aqui asi pues tambien siquiera
        ninguno ningun nadie nunca siempre mas aun eso esto esa ese soy somos una dos
        bot ayuda ayudar caso factura correo""".split()  # noqa: SIM905 - read as running words
    ),
    "en": frozenset(
        """the an and or of to in on at is are was were be been i you he she it we they my your our
        their this that these those with for from by not don't doesn't didn't can't can
        cannot could would should will please thanks thank hello hi hey good morning
        afternoon what when where who why how which have has had do does did need want
        know get got there any some just still yet but if so as about into after before
        since yes okay help speak talk someone person human agent today yesterday
        tomorrow bye goodbye hey sure nope yep yeah unsubscribe opt appreciated correct
        wrong right ahead excellent work well done worst ever best great service
        terrible representative nowhere options close open take care who stupid again
        issue broken working connect password""".split()  # noqa: SIM905 - read as running words
    ),
    "pt": frozenset(
        """a o os um uma uns umas e do da dos das no na nos nas ao aos pelo pela com em nao sim que
        por para voce voces eu ele ela eles nosso nossa meu minha seu sua esta estou
        estao sao tem tenho temos foi ser muito mas porque como quando onde quem quero
        preciso gostaria posso pode ola bom boa dia tarde noite obrigado obrigada tambem
        ja ainda ate desde ontem hoje amanha agora aqui isso isto esse essa outro outra
        tudo nada ninguem fazer consigo ajuda ajudar chamado boleto senha tchau
        atendente falar parece funciona nossos nossas fatura cobranca reclamacao conta
        imagem segue tela erro voltou funcionar adeus oi ficou levem diretoria empresta
        dinheiro piada valeu desculpe passe assistente reembolso pedido falha visita
        favor usuario minhas seus suas vosso vossa podem enviem parem quais qual ligar
        gente rede sem atendimento""".split()  # noqa: SIM905 - read as running words
    ),
}
_MARKS: tuple[tuple[str, Language], ...] = (
    ("ñ", "es"), ("¿", "es"), ("¡", "es"), ("ã", "pt"), ("õ", "pt"), ("ç", "pt"), ("ê", "pt"),
    ("ô", "pt"), ("à", "pt"), ("nh", "pt"), ("lh", "pt"),
)  # fmt: skip
_ENDINGS: tuple[tuple[str, Language], ...] = (
    ("cion", "es"), ("ciones", "es"), ("dad", "es"), ("cao", "pt"), ("coes", "pt"), ("dade", "pt"),
    ("agem", "pt"), ("ing", "en"), ("tion", "en"), ("n't", "en"), ("ly", "en"), ("ado", "es"),
    ("eles", "pt"), ("inho", "pt"), ("ram", "pt"), ("ron", "es"), ("amos", "es"), ("mente", "es"),
)  # fmt: skip


def detect(text: str) -> Language:
    """The language of a message; Spanish where nothing speaks against it."""
    lowered = text[:1_000].lower()
    score: dict[Language, float] = {"es": 0.2, "en": 0.0, "pt": 0.0}
    for mark, language in _MARKS:
        if mark in lowered:
            score[language] += 2.0
    tokens = words(fold(lowered))
    for word in tokens:
        homes = [language for language, signs in _SIGNS.items() if word in signs]
        for language in homes:
            score[language] += 1.0 / len(homes) ** 2
        if not homes:
            for ending, language in _ENDINGS:
                if len(word) > len(ending) + 2 and word.endswith(ending):
                    score[language] += 0.3
    return max(score, key=lambda language: score[language])
