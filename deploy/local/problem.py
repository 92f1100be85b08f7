"""What goes wrong on a person's own machine, told in one line."""


class Problem(Exception):
    """Something that the person at the terminal can put right; the text says what and how."""
