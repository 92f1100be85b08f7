"""[p] Measured air quality."""
