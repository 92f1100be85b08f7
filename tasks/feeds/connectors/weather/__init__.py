"""[p] Weather: measured, modelled and forecast."""
