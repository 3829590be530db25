"""What the ``helpcare nlu`` commands do, without the command line."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from nlp.pipeline import Pipeline
from nlp.understanding import Understanding


def as_json(understood: Understanding) -> dict[str, Any]:
    """The fields of the stable ``predict`` interface, in its order."""
    return {
        "intent": understood.intent,
        "confidence": round(understood.confidence, 4),
        "intents": [
            {"intent": s.intent, "confidence": round(s.confidence, 4)} for s in understood.intents
        ],
        "entities": [
            {"type": e.type, "text": e.text, "start": e.start, "end": e.end, "value": e.value,
             "confidence": e.confidence}
            for e in understood.entities
        ],
        "urgency": understood.urgency,
        "sentiment": understood.sentiment,
        "language": understood.language,
    }  # fmt: skip


def _request(line: str) -> tuple[str, datetime]:
    """Text and moment of one input line; ``ValueError`` says what is wrong with it."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("not a JSON object") from error
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one kind of error for bad lines
    text = row.get("text")
    if not isinstance(text, str):
        raise ValueError('"text" must be a string')  # noqa: TRY004 - as above
    written = row.get("now")
    if written is None:
        return text, datetime.now(UTC)
    try:
        now = datetime.fromisoformat(written)
    except (ValueError, TypeError) as error:
        raise ValueError('"now" must be an ISO 8601 date and time') from error
    return text, now if now.tzinfo else now.replace(tzinfo=UTC)


def predict(lines: Iterable[str], pipeline: Pipeline) -> Iterator[str]:
    """One line of JSON out for each line in, empty ones left out.

    In: ``{"text": …}`` and optionally ``"now"`` (ISO 8601; UTC where it names no zone). Out: the
    understanding, or ``{"error", "line"}`` for a line that is not such an object.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            text, now = _request(line)
        except ValueError as error:
            yield json.dumps({"error": str(error), "line": number}, ensure_ascii=False)
            continue
        yield json.dumps(as_json(pipeline.understand(text, now=now)), ensure_ascii=False)
