"""A mapping that is wrong says so before it harms."""

import pytest

from shared.errors import Permanent
from tasks.feeds.connector import Feature, Malformed, Rejected
from tests.support.feeds import parse, payload, source

ROWS = b'[{"id": 1, "Unique Key": "k1"}]'


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fields": {"external_id": "id", "colour": "x"}}, "colour"),
        ({"fields": {"title": "id"}}, "needs an external_id"),
        ({"fields": {"external_id": "id ["}}, "expression"),
        ({"record": "planet", "fields": {"external_id": "id"}}, "planet"),
        ({"fields": ["external_id"]}, "no table of names"),
        ({"rows": "][", "fields": {"external_id": "id"}}, "expression"),
    ],
)
def test_a_wrong_mapping_fails_with_a_sentence(options: dict[str, object], said: str) -> None:
    """An admin reads which option is wrong."""
    with pytest.raises(Permanent, match=said):
        parse(source("mapping", **options), payload(ROWS))


def test_rows_that_are_not_there_are_malformed() -> None:
    """A publisher that changed its document is told from a mapping that never fitted."""
    with pytest.raises(Malformed, match="finds no list of rows"):
        parse(source("mapping", rows="data.lots", fields={"external_id": "id"}), payload(b'{"other": []}'))


def test_a_name_with_spaces_is_quoted() -> None:
    """Portals name their columns for people."""
    (record,) = parse(source("mapping", fields={"external_id": '"Unique Key"'}), payload(ROWS))

    assert isinstance(record, Feature)
    assert "k1" == record.external_id


def test_an_expression_that_a_row_does_not_bear_sets_the_row_aside() -> None:
    """A function on the wrong type is the row's fault, not the run's."""
    fields = {"external_id": "id", "title": "length(id)"}
    (record,) = parse(source("mapping", fields=fields), payload(ROWS))

    assert isinstance(record, Rejected)
    assert "bad_value" == record.reason
