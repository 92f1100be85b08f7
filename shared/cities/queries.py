"""Reads of cities and areas, in the API's shapes."""

from typing import Any

from sqlalchemy import Row, text

from shared.cities.models import City
from shared.db import Transaction
from shared.errors import FieldProblem, NotFound

#: A city's features may be of kinds that its feeds have not sent yet: the page shows only what is there.
_CITIES = """
SELECT c.slug, c.name, c.timezone, c.config,
  coalesce((SELECT bool_or(f.simulated) FROM feeds f WHERE f.city = c.slug), false) AS simulated,
  ARRAY(SELECT kind FROM unnest(ARRAY['service_request','alert','road_work','event','news']) AS k(kind)
        WHERE EXISTS (SELECT 1 FROM features x
                      WHERE x.city = c.slug AND x.kind = k.kind AND x.withdrawn_at IS NULL)) AS kinds
FROM cities c
"""
_AREAS = text("""
SELECT id, slug, name, kind, geometry, centroid::text AS centroid FROM areas WHERE city = :city ORDER BY name
""")


def find_city(tx: Transaction, slug: str) -> City:
    """
    Return the row of a city that a request names in its field `city`.

    Raises: NotFound naming the field.
    """
    city = tx.get(City, slug)
    if city is None:
        raise NotFound(
            f"no city is called {slug!r:.60}", FieldProblem("city", "known", "take a slug of /api/v1/cities")
        )
    return city


def list_cities(tx: Transaction) -> list[dict[str, Any]]:
    """Return every city, by name."""
    return [_city(row) for row in tx.execute(text(_CITIES + " ORDER BY c.name"))]


def get_city(tx: Transaction, slug: str) -> dict[str, Any]:
    """
    Return one city.

    Raises: NotFound.
    """
    row = tx.execute(text(_CITIES + " WHERE c.slug = :slug"), {"slug": slug}).first()
    if row is None:
        raise NotFound(f"no city is called {slug!r}")
    return _city(row)


def area_collection(tx: Transaction, slug: str) -> dict[str, Any]:
    """
    Return a city's areas as a GeoJSON FeatureCollection.

    Raises: NotFound.
    """
    if tx.execute(text("SELECT 1 FROM cities WHERE slug = :slug"), {"slug": slug}).first() is None:
        raise NotFound(f"no city is called {slug!r}")
    features = [_area(row) for row in tx.execute(_AREAS, {"city": slug})]
    return {"type": "FeatureCollection", "features": features}


def _city(row: Row[Any]) -> dict[str, Any]:
    config = row.config
    return {
        "slug": row.slug,
        "name": row.name,
        "timezone": row.timezone,
        "bounds": config["bounds"],
        "center": config["center"],
        "zoom": config["zoom"],
        "basemap": f"/basemaps/{row.slug}.pmtiles" if config.get("basemap") else None,
        "attribution": config["attribution"],
        "simulated": row.simulated,
        "kinds": row.kinds,
    }


def _area(row: Row[Any]) -> dict[str, Any]:
    lon, _, lat = row.centroid.strip("()").partition(",")
    return {
        "type": "Feature",
        "id": str(row.id),
        "geometry": row.geometry,
        "properties": {
            "id": str(row.id),
            "slug": row.slug,
            "name": row.name,
            "kind": row.kind,
            "centroid": [float(lon), float(lat)],
        },
    }
