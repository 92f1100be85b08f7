"""The simulator's service requests, and the query language a client follows them with."""

import csv
import io
import json
from datetime import datetime
from itertools import pairwise

import pytest

from deploy.local.simulator.city import SimulatedCity, load_city
from deploy.local.simulator.requests311 import Row, requests_at
from deploy.local.simulator.site import Answer, Question, answer
from deploy.local.simulator.soda import run_query
from deploy.local.simulator.soda_where import QueryRefused

MOMENT = 1_763_800_003.2
SUMMER = 1_751_300_000.0  # 30 June 2025, 16:13:20 UTC: London is an hour ahead


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    """Give simulated London."""
    return load_city("london")


@pytest.fixture(scope="module")
def rows(city: SimulatedCity) -> list[Row]:
    """Give a day of requests."""
    return requests_at(city, MOMENT)


def ids(rows: list[Row]) -> list[str | None]:
    """Give the rows' ids in order."""
    return [row[":id"] for row in rows]


def ask(city: SimulatedCity, path: str, moment: float = MOMENT, **query: str) -> Answer:
    """Ask the site; `$` stands before each option, as in the real service."""
    return answer(city, Question(path, moment, {f"${name}": value for name, value in query.items()}))


class TestRequests:
    """The rows themselves."""

    def test_a_new_one_comes_every_ten_to_twenty_seconds(self, rows: list[Row]) -> None:
        """On average; one may follow another closely, none keeps us waiting half a minute."""
        filed = [datetime.fromisoformat(row[":created_at"] or "").timestamp() for row in rows]
        gaps = [later - earlier for earlier, later in pairwise(filed)]

        assert 10 <= sum(gaps) / len(gaps) <= 20
        assert 0 < min(gaps)
        assert max(gaps) < 30

    def test_they_are_taken_up_and_closed_in_time(self, city: SimulatedCity, rows: list[Row]) -> None:
        """The newest is open; the same one has moved on a day later and has a newer update."""
        newest = rows[-1]
        later = {row[":id"]: row for row in requests_at(city, MOMENT + 80_000)}
        closed = [row for row in rows if row["status"] == "Closed"]

        assert "Open" == newest["status"]
        assert "Open" != later[newest[":id"]]["status"]
        assert (later[newest[":id"]][":updated_at"] or "") > (newest[":updated_at"] or "")
        assert {"Open", "In Progress", "Closed"} == {row["status"] for row in rows}
        assert all((row["closed_date"] or "") > (row["created_date"] or "") for row in closed)

    def test_none_comes_from_the_future(self, rows: list[Row]) -> None:
        """Created, then updated, then now."""
        now = "2025-11-22T08:26:43.200Z"

        assert all((row[":created_at"] or "") <= (row[":updated_at"] or "") <= now for row in rows)

    def test_local_times_have_no_zone_and_system_times_are_utc(self, city: SimulatedCity) -> None:
        """The trap of the real service: the city's zone decides."""
        row = requests_at(city, SUMMER)[-1]
        filed, local = (row[name] or "" for name in (":created_at", "created_date"))

        assert filed.endswith("Z")
        assert 3_600 == (datetime.fromisoformat(local) - datetime.fromisoformat(filed[:-1])).total_seconds()

    def test_a_few_have_no_place_and_the_rest_lie_in_the_city(
        self, city: SimulatedCity, rows: list[Row]
    ) -> None:
        """As in the real data sets."""
        placed = [
            (float(row["longitude"]), float(row["latitude"]))
            for row in rows
            if row["longitude"] and row["latitude"]
        ]

        assert 0 < len(rows) - len(placed) < len(rows) * 0.05
        assert all(city.holds(place) for place in placed)

    def test_ids_are_unique(self, rows: list[Row]) -> None:
        """Both the service's own and the city's."""
        assert len(rows) == len(set(ids(rows))) == len({row["unique_key"] for row in rows})

    def test_each_says_that_it_is_simulated(self, rows: list[Row]) -> None:
        """In the text that the page shows."""
        assert all((row["descriptor"] or "").endswith("(simulated)") for row in rows)


class TestQueries:
    """`$select`, `$where`, `$order`, `$limit`, `$offset`."""

    def test_pages_in_order_make_the_whole_without_gap_or_repeat(self, rows: list[Row]) -> None:
        """A page shorter than the limit is the last."""
        pages = [
            run_query(
                rows,
                {"$select": ":*,*", "$order": ":updated_at,:id", "$limit": "1000", "$offset": str(offset)},
            )
            for offset in range(0, 7_000, 1_000)
        ]
        together = [row for page in pages for row in page]

        assert sorted(ids(rows), key=str) == sorted(ids(together), key=str)
        assert len(rows) % 1_000 == len(pages[len(rows) // 1_000])
        updated = [(row[":updated_at"] or "", row[":id"] or "") for row in together]
        assert updated == sorted(updated)

    def test_following_changes_misses_nothing(self, city: SimulatedCity, rows: list[Row]) -> None:
        """What changed in ten minutes is exactly what is newer than the last update seen."""
        last_seen = max(row[":updated_at"] or "" for row in rows)
        later = requests_at(city, MOMENT + 600)
        changes = run_query(later, {"$select": ":*,*", "$where": f":updated_at > '{last_seen}'"})
        known = {row[":id"]: row for row in rows}

        assert 20 < len(changes)
        assert {row[":id"] for row in later if row != known.get(row[":id"])} == set(ids(changes))

    @pytest.mark.parametrize(
        "moment",
        [
            "2025-11-22T08:20:00.000Z",
            "2025-11-22T08:20:00.000",
            "2025-11-22T08:20:00",
            "2025-11-22 08:20:00Z",
        ],
    )
    def test_a_time_may_be_written_in_several_ways(self, rows: list[Row], moment: str) -> None:
        """With and without zone, milliseconds or the letter T."""
        assert 30 < len(run_query(rows, {"$where": f":updated_at >= '{moment}'"})) < 200

    @pytest.mark.parametrize(
        ("where", "holds"),
        [
            ("borough = 'CAMDEN'", lambda row: row["borough"] == "CAMDEN"),
            ("borough != 'CAMDEN'", lambda row: row["borough"] != "CAMDEN"),
            ("closed_date IS NULL", lambda row: row["closed_date"] is None),
            ("closed_date is not null", lambda row: row["closed_date"] is not None),
            ("status in('Open', 'Closed')", lambda row: row["status"] in ("Open", "Closed")),
            ("not status = 'Open'", lambda row: row["status"] != "Open"),
            ("latitude > 51.5", lambda row: row["latitude"] is not None and float(row["latitude"]) > 51.5),
            (
                "latitude between 51.4 and 51.5",
                lambda row: row["latitude"] is not None and 51.4 <= float(row["latitude"]) <= 51.5,
            ),
            (
                "status='Open' or borough='CAMDEN' and status='Closed'",
                lambda row: (
                    row["status"] == "Open" or (row["borough"] == "CAMDEN" and row["status"] == "Closed")
                ),
            ),
            (
                "(status='Open' or borough='CAMDEN') and status='Closed'",
                lambda row: row["borough"] == "CAMDEN" and row["status"] == "Closed",
            ),
            ("descriptor = 'it''s'", lambda row: False),
        ],
    )
    def test_where_keeps_what_it_says(self, rows: list[Row], where: str, holds) -> None:  # type: ignore[no-untyped-def]  # a lambda of the table above
        """Compared with the plain reading in Python."""
        expected = [row[":id"] for row in rows if holds(row)]

        assert expected == ids(run_query(rows, {"$select": ":id", "$where": where, "$limit": "50000"}))

    def test_a_plain_column_filters_too(self, rows: list[Row]) -> None:
        """`?borough=CAMDEN`."""
        kept = run_query(rows, {"borough": "CAMDEN", "$limit": "50000"})

        assert {"CAMDEN"} == {row["borough"] for row in kept}

    def test_counting_ignores_the_limit(self, rows: list[Row]) -> None:
        """A client compares it with what it has."""
        assert [{"count": str(len(rows))}] == run_query(rows, {"$select": "count(*)"})

    def test_system_fields_come_only_when_asked_for(self, rows: list[Row]) -> None:
        """As in the real service."""
        plain, system = (
            run_query(rows, {"$limit": "1"})[0],
            run_query(rows, {"$select": ":*", "$limit": "1"})[0],
        )

        assert not [name for name in plain if name.startswith(":")]
        assert {":id", ":created_at", ":updated_at"} == system.keys()

    def test_no_limit_means_a_thousand(self, rows: list[Row]) -> None:
        """The default of SODA 2.1."""
        assert 1_000 == len(run_query(rows, {}))

    def test_descending_order_is_the_other_way_round(self, rows: list[Row]) -> None:
        """By time, newest first."""
        newest = run_query(rows, {"$select": ":id", "$order": ":created_at DESC", "$limit": "3"})

        assert ids(rows)[:-4:-1] == ids(newest)

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"$where": "colour = 'red'"}, "query.soql.no-such-column"),
            ({"$order": "colour"}, "query.soql.no-such-column"),
            ({"$select": "colour"}, "query.soql.no-such-column"),
            ({"colour": "red"}, "query.soql.no-such-column"),
            ({"$where": "status ="}, "query.soql.invalid"),
            ({"$where": "(status = 'Open'"}, "query.soql.invalid"),
            ({"$where": "status = 'Open' borough"}, "query.soql.invalid"),
            ({"$where": "status = 'Open"}, "query.soql.invalid"),
            ({"$where": "status ~ 'Open'"}, "query.soql.invalid"),
            ({"$limit": "-1"}, "query.soql.invalid"),
            ({"$offset": "ten"}, "query.soql.invalid"),
            ({"$limits": "10"}, "query.soql.invalid"),
        ],
    )
    def test_a_broken_query_is_refused(self, rows: list[Row], query: dict[str, str], code: str) -> None:
        """A connector that errs must see it."""
        with pytest.raises(QueryRefused) as refusal:
            run_query(rows, query)

        assert code == refusal.value.code


class TestAnswers:
    """JSON and CSV."""

    def test_json_leaves_out_what_is_empty(self, city: SimulatedCity) -> None:
        """And every value is a string."""
        rows = json.loads(ask(city, "/resource/sim-311.json", where="closed_date is null", limit="5").body)

        assert 5 == len(rows)
        assert all("closed_date" not in row for row in rows)
        assert {str} == {type(value) for row in rows for value in row.values()}

    def test_csv_tells_the_same(self, city: SimulatedCity) -> None:
        """With a header, and empty text for null."""
        body = ask(city, "/resource/sim-311.csv", select=":id,closed_date", limit="50").body.decode()
        rows = list(csv.DictReader(io.StringIO(body)))
        told = json.loads(ask(city, "/resource/sim-311.json", select=":id,closed_date", limit="50").body)

        assert [row[":id"] for row in told] == [row[":id"] for row in rows]
        assert [row.get("closed_date", "") for row in told] == [row["closed_date"] for row in rows]

    def test_a_refusal_is_the_services_own(self, city: SimulatedCity) -> None:
        """Status 400 and a code."""
        refused = ask(city, "/resource/sim-311.json", where="colour = 1")

        assert 400 == refused.status
        assert "query.soql.no-such-column" == json.loads(refused.body)["code"]

    def test_nothing_found_is_an_empty_list(self, city: SimulatedCity) -> None:
        """The end of paging."""
        assert b"[]\n" == ask(city, "/resource/sim-311.json", offset="100000").body
