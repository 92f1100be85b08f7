"""The tests: unit, integration, contracts, chaos, e2e, bench."""
