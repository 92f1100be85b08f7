"""[p] GTFS static: a timetable as a zip of tables."""
