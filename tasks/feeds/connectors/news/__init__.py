"""[p] News: RSS, Atom and JSON Feed."""
