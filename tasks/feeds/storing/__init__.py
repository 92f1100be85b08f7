"""Store what changed, and nothing that did not."""
