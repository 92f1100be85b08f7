"""
A city that is not there: public feeds in their real formats, made up, and moving with the clock.

What it says is a function of a seed and a moment and of nothing else: a restart changes nothing, two
simulators with one seed agree, and a test asks for any moment without waiting for it.
"""
