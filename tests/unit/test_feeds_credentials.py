"""Keys of feeds are named, never held."""

from tasks.feeds.connector import Request
from tasks.feeds.credentials import with_credential
from tests.support.feeds import source

ASKED = Request("page", "https://feeds.example/")


def test_the_options_say_where_a_key_goes_and_how_it_is_called() -> None:
    """A header or a parameter gets the name of a secret."""
    header = with_credential(ASKED, source("air_quality", credential_header="X-API-Key"))
    query = with_credential(ASKED, source("gtfs_realtime", credential_query="api_key", credential="bods"))

    assert {"X-API-Key": "air_quality"} == header.secret_headers
    assert {"api_key": "bods"} == query.secret_params


def test_a_feed_without_a_key_asks_plainly() -> None:
    """Most feeds are open."""
    assert ASKED == with_credential(ASKED, source("gbfs"))
