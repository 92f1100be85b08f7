"""[p] Service requests from a Socrata portal, by its API or as exported files."""
