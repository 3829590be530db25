"""At least 85 % of the Spanish date specs in scope; see ``benchmarks.date_specs``."""

import pytest
from benchmarks.date_specs import SPECS, judge, specs, total


@pytest.mark.skipif(not SPECS.is_dir(), reason=f"the Spanish date specs are not at {SPECS}")
def test_most_of_the_spanish_specs_are_read_right() -> None:
    tallies, excluded, _ = judge(specs())
    values, spans = total(tallies, "Parser"), total(tallies, "Extractor")
    assert values.of >= 500
    assert sum(excluded.values()) <= 0.2 * (values.of + spans.of)
    assert values.share >= 0.85
    assert spans.share >= 0.85
