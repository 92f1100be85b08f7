"""Rehearse a deployment on this machine: lint, nginx, ACME, workflow, and the whole stack in containers."""
