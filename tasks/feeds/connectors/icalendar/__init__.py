"""[p] iCalendar."""
