"""[p] ArcGIS feature services."""
