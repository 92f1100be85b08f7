"""An hour in which publishers fail one after the other, compressed to minutes."""
