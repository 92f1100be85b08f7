"""Images: one folder each, and the health check they share."""
