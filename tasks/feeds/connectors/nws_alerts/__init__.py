"""[p] Weather alerts as GeoJSON."""
