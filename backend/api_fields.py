"""What requests of ``/api/v1`` are made of: fields that the database takes whatever is sent."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold NUL characters")  # PostgreSQL's text cannot
    return text


_Clean = AfterValidator(_without_nul)

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _Clean
]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), _Clean
]
Search = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), _Clean]


class Body(BaseModel):
    """A request's body or its query: what it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


class Record(BaseModel):
    """An answer; read from a row's attributes."""

    model_config = ConfigDict(from_attributes=True)
