"""The Colombian tax number (NIT) and its check digit. Pure."""

import re

# DIAN, Orden Administrativa 4 de 1989: prime weights from the right
_WEIGHTS = (3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71)


def check_digit(number: str) -> int:
    """The digit behind the dash, for a number of at most 15 digits."""
    rest = sum(w * int(d) for w, d in zip(_WEIGHTS, reversed(number), strict=False)) % 11
    return rest if rest < 2 else 11 - rest


def checked_nit(text: str) -> str:
    """``900123456-8`` from what people write, or ValueError when the check digit is wrong."""
    digits, dash, check = re.sub(r"[.\s]", "", text).partition("-")
    if not (re.fullmatch(r"\d{6,15}", digits) and dash and re.fullmatch(r"\d", check)):
        raise ValueError("must be digits, a dash and the check digit")
    if check_digit(digits) != int(check):
        raise ValueError("the check digit is wrong")
    return f"{digits}-{check}"
