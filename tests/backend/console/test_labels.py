import pytest

from backend.console.labels import entity_value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-11-02", "2 nov 2026"),
        ("2026-11-02T16:30:00-05:00", "2 nov 2026, 16:30"),
        ({"start": "2026-10-26", "end": "2026-11-01"}, "26 oct 2026 a 1 nov 2026"),
        ({"amount": 1250000, "currency": "COP"}, "1.250.000 COP"),
        ({"amount": 120.5, "currency": "EUR"}, "120,5 EUR"),
        ("PT-2026-000123", "PT-2026-000123"),
        (20, "20"),
        ({"otro": 1}, "{'otro': 1}"),
    ],
)
def test_normalised_values_are_shown_as_people_write_them(value, shown):
    assert entity_value(value) == shown
