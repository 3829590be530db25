"""The base model's 250,000 pieces cut to those that Spanish, English and Portuguese use.

Most of the base model is its table of pieces for a hundred languages. What is left out is spelt
with smaller pieces, never unknown, as long as the characters themselves are kept.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from random import Random

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

Pieces = Sequence[tuple[str, float]]

BEGIN, END, UNKNOWN = 0, 2, 3  # as in XLM-R; 1 is padding
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
# How many of the most frequent words of each language are spelt to see which pieces they use.
WORDS = {"es": 60_000, "en": 25_000, "pt": 25_000}
_SHORT = 2  # letters; any Latin piece of so few is kept: they spell what no whole piece covers
_DIGITS = 3


def tokenizer(pieces: Pieces) -> Tokenizer:
    """A tokenizer over these pieces, the special ones first."""
    built = Tokenizer(models.Unigram(list(pieces), unk_id=UNKNOWN, byte_fallback=False))
    built.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex(r"[\s\p{Cc}]+"), " "),
            normalizers.Replace(Regex(r"\p{Cf}"), ""),
        ]
    )
    built.pre_tokenizer = pre_tokenizers.Metaspace()
    built.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", BEGIN), ("</s>", END)]
    )
    return built


def frequent_words() -> list[str]:
    """The words that select pieces: as they are, with a capital, and as lazy people write them."""
    from wordfreq import top_n_list

    words: dict[str, None] = {}
    for language, count in WORDS.items():
        for word in top_n_list(language, count):
            for form in (word, word.capitalize(), plain(word), plain(word.capitalize())):
                words[form] = None
    return list(words)


def imagined(count: int, random: Random) -> list[str]:
    """Rows of words as frequent as in the languages: about anything, which our messages are not."""
    from wordfreq import top_n_list

    texts = []
    for language, number in WORDS.items():
        words = top_n_list(language, number)
        chances = [1 / (rank + 20) for rank in range(len(words))]
        share = count * number // sum(WORDS.values())
        texts += [
            " ".join(random.choices(words, chances, k=random.randint(3, 12))) for _ in range(share)
        ]
    return texts


def plain(text: str) -> str:
    """Without acute accents and diaereses; ñ and ç stay."""
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if c not in "\u0301\u0308"))


_MARKS = frozenset({"So", "Sk", "Sc", "Sm", "Po", "Pd", "Ps", "Pe", "Pi", "Pf", "Pc"})


def _spells(piece: str) -> bool:
    text = piece.removeprefix("▁")
    if all(char <= "ÿ" and char.isalpha() for char in text):
        return len(text) <= _SHORT
    if text.isdigit():
        return len(text) <= _DIGITS and text.isascii()
    return len(text) <= 2 and unicodedata.category(text[0]) in _MARKS


def choose(pieces: Pieces, texts: Iterable[str]) -> list[int]:
    """Ids of the pieces to keep, ascending: the special ones, spelling ones, and those used."""
    whole = tokenizer(pieces)
    kept = set(range(len(SPECIAL)))
    kept.update(i for i, (piece, _) in enumerate(pieces) if _spells(piece))
    for encoding in whole.encode_batch(list(texts), add_special_tokens=False):
        kept.update(encoding.ids)
    kept.discard(len(pieces) - 1)  # <mask>
    return sorted(kept)
