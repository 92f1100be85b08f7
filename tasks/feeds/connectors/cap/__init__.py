"""[p] Common Alerting Protocol."""
