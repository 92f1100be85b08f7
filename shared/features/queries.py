"""Reads of features for the API and for events, in the API's shapes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from shared.clock import rfc3339
from shared.db import Transaction
from shared.errors import NotFound
from shared.features.models import FeatureRow, FeatureVersion
from shared.feeds.items import Origin, moment, origins, times


def get_feature(tx: Transaction, feature_id: UUID, now: datetime) -> dict[str, Any]:
    """
    Return one feature with its versions, the last first.

    Raises: NotFound.
    """
    row = tx.get(FeatureRow, feature_id)
    if row is None:
        raise NotFound(f"no feature {feature_id}")
    versions = tx.scalars(
        select(FeatureVersion)
        .where(FeatureVersion.feature_id == feature_id)
        .order_by(FeatureVersion.version.desc())
        .limit(100)
    )
    return {
        **features_json(tx, [row], now)[0],
        "versions": [
            {"version": v.version, "changed_at": rfc3339(v.changed_at), "changes": v.changes}
            for v in versions
        ],
    }


def features_by_id(tx: Transaction, feature_ids: Sequence[UUID], now: datetime) -> list[dict[str, Any]]:
    """Return features in the shape of the list, in no order."""
    if not feature_ids:
        return []
    # Read as it is stored: rows written by COPY in this transaction are unknown to the session.
    rows = tx.scalars(
        select(FeatureRow).where(FeatureRow.id.in_(feature_ids)).execution_options(populate_existing=True)
    ).all()
    return features_json(tx, rows, now)


def features_json(tx: Transaction, rows: Sequence[FeatureRow], now: datetime) -> list[dict[str, Any]]:
    """Return features in the API's shape, in their order."""
    found = origins(tx, (row.feed_id for row in rows), now)
    return [feature_json(row, found[row.feed_id]) for row in rows]


def feature_json(row: FeatureRow, origin: Origin) -> dict[str, Any]:
    """Return a feature in the API's shape."""
    lon, lat = row.point or (None, None)
    is_plain_point = row.geometry is None and row.point is not None
    return {
        "id": str(row.id),
        "city": row.city,
        "kind": row.kind,
        "external_id": row.external_id,
        "title": row.title,
        "description": row.description,
        "status": row.status,
        "severity": row.severity,
        "category": row.category,
        "address": row.address,
        "url": row.url,
        "geometry": {"type": "Point", "coordinates": [lon, lat]} if is_plain_point else row.geometry,
        "lon": lon,
        "lat": lat,
        "starts_at": moment(row.starts_at),
        "ends_at": moment(row.ends_at),
        "updated_at": rfc3339(row.updated_at),
        "properties": row.properties,
        "version": row.version,
        "withdrawn": row.withdrawn_at is not None,
        "times": times(row.observed_at, row.fetched_at, row.published_at),
        "freshness": origin.judge_lasting(row.missing_since is not None),
        "source": origin.source,
    }
