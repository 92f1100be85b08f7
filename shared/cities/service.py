"""Put a city pack into the database; done again it brings the rows up to the pack."""

from typing import Any

import h3.api.basic_int as h3
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from shared.cities.models import Area, City
from shared.cities.pack import CityPack
from shared.clock import new_id
from shared.db import Transaction

_AREA_RESOLUTION = 8


def store_pack(tx: Transaction, pack: CityPack) -> None:
    """Add a city and its areas, or bring them up to the pack; an area keeps its id as long as its slug stays."""
    values = {"name": pack.name, "timezone": pack.timezone, "config": config_of(pack)}
    city = insert(City).values(slug=pack.slug, **values)
    tx.execute(city.on_conflict_do_update(index_elements=[City.slug], set_=values))
    slugs = [area.slug for area in pack.areas]
    tx.execute(delete(Area).where(Area.city == pack.slug, Area.slug.not_in(slugs)))
    for area in pack.areas:
        of_area: dict[str, Any] = {
            "name": area.name,
            "kind": area.kind,
            "geometry": area.geometry,
            "centroid": area.centroid,
            "cells": touching_cells(area.geometry),
        }
        row = insert(Area).values(id=new_id(), city=pack.slug, slug=area.slug, **of_area)
        tx.execute(row.on_conflict_do_update(index_elements=[Area.city, Area.slug], set_=of_area))


def config_of(pack: CityPack) -> dict[str, Any]:
    """Return what a city's row keeps of its pack beside name and time zone."""
    return {
        "bounds": list(pack.bounds),
        "center": list(pack.center),
        "zoom": pack.zoom,
        "locale": pack.locale,
        "reference_prefix": pack.reference_prefix,
        "attribution": [{"text": each.text, "url": each.url} for each in pack.attribution],
        "categories": [
            {"code": each.code, "name": each.name, "description": each.description}
            for each in pack.categories
        ],
        "basemap": pack.basemap is not None,
    }


def touching_cells(geometry: dict[str, Any]) -> list[int]:
    """Return the H3 cells of resolution 8 that a polygon touches: what lies in one may lie in it."""
    outline = h3.geo_to_h3shape(geometry)
    return sorted(h3.h3shape_to_cells_experimental(outline, _AREA_RESOLUTION, contain="overlap"))
