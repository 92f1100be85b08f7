"""[p] Public meetings."""
