"""[p] Records to the rows that Postgres copies."""
