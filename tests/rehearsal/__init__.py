"""The deployment's own parts, run for real where this machine can."""
