"""[p] Bytes to tables, rows, times and places."""
