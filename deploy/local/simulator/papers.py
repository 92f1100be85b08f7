"""Made-up local news as GeoRSS and made-up happenings as an iCalendar file; pure."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import formatdate
from math import floor
from xml.sax.saxutils import escape

from deploy.local.simulator.chance import choose, roll
from deploy.local.simulator.city import Place, SimulatedCity
from deploy.local.simulator.requests311 import MARK

NEWS_EVERY_SECONDS = 1_200
NEWS_KEPT = 60
HEADLINES = (
    "Library opens late on Thursdays",
    "Council asks for views on a new crossing",
    "Volunteers plant two hundred trees",
    "Swimming pool closes for repairs",
    "School choir sings in the market square",
    "Lost tortoise found on a bus",
)
EVENT_EVERY_SECONDS = 5_400
EVENTS_BEHIND, EVENTS_AHEAD = 16, 80
EVENTS = ("Street market", "Open-air concert", "Repair café", "Guided walk", "Fun run", "Book fair")
CANCELLED = 0.06


def news_at(city: SimulatedCity, moment: float) -> bytes:
    """Return RSS 2.0 with GeoRSS points, newest first."""
    newest = floor(city.clock(moment) / NEWS_EVERY_SECONDS)
    items = "".join(_item(city, number) for number in range(newest, newest - NEWS_KEPT, -1))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<rss version="2.0" xmlns:georss="http://www.georss.org/georss"><channel>'
        f"<title>{escape(city.name)} demo news {MARK}</title><link>https://example.org/</link>"
        f"<description>Made up; nothing here happened.</description>{items}</channel></rss>\n"
    ).encode()


def events_at(city: SimulatedCity, moment: float) -> bytes:
    """Return an iCalendar file of what is on yesterday to five days ahead; a few are cancelled."""
    now = floor(city.clock(moment) / EVENT_EVERY_SECONDS)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//CityPulse//City simulator//EN"]
    lines += [f"X-WR-CALNAME:{city.name} demo events {MARK}"]
    for number in range(now - EVENTS_BEHIND, now + EVENTS_AHEAD):
        lines += _event(city, number, now)
    folded = (part for line in [*lines, "END:VCALENDAR"] for part in _folded(line))
    return "".join(f"{line}\r\n" for line in folded).encode()


def _place(city: SimulatedCity, *key: str | int) -> Place:
    return city.places[floor(roll(*key, "place") * len(city.places))]


def _item(city: SimulatedCity, number: int) -> str:
    key = (city.seed, "news", number)
    place = _place(city, *key)
    published = formatdate(city.moment(number * NEWS_EVERY_SECONDS), usegmt=True)
    return (
        f"<item><title>{escape(choose(HEADLINES, *key, 'title'))}, {escape(place.area)} {MARK}</title>"
        f'<link>https://example.org/news/{number}</link><guid isPermaLink="false">sim-news-{number}</guid>'
        f"<pubDate>{published}</pubDate><description>Made up for the demo.</description>"
        f"<georss:point>{place.position[1]:.6f} {place.position[0]:.6f}</georss:point></item>"
    )


def _event(city: SimulatedCity, number: int, now: int) -> Iterator[str]:
    key = (city.seed, "event", number)
    place = _place(city, *key)
    # A decision to cancel is told a day (sixteen slots) before.
    is_cancelled = roll(*key, "cancelled") < CANCELLED and number - now < EVENTS_BEHIND
    starts = city.moment(number * EVENT_EVERY_SECONDS)
    yield "BEGIN:VEVENT"
    yield f"UID:sim-event-{number}@example.org"
    yield f"DTSTAMP:{_utc(starts - 7 * 86_400)}"
    yield f"SEQUENCE:{int(is_cancelled)}"
    yield f"STATUS:{'CANCELLED' if is_cancelled else 'CONFIRMED'}"
    yield f"DTSTART:{_utc(starts)}"
    yield f"DTEND:{_utc(starts + 2 * EVENT_EVERY_SECONDS / city.speed)}"
    yield f"SUMMARY:{choose(EVENTS, *key, 'name')}\\, {place.area} {MARK}"
    yield "DESCRIPTION:Made up for the demo\\; nobody will be there."
    yield f"LOCATION:{place.area}"
    yield f"GEO:{place.position[1]:.6f};{place.position[0]:.6f}"
    yield "END:VEVENT"


def _utc(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y%m%dT%H%M%SZ}"


def _folded(line: str) -> Iterator[str]:
    """Cut a content line to 75 octets (RFC 5545, 3.1), never inside a character."""
    while len(line.encode()) > 75:
        cut = next(size for size in range(75, 0, -1) if len(line[:size].encode()) <= 75)
        yield line[:cut]
        line = f" {line[cut:]}"
    yield line
