"""[p] GTFS Realtime."""
