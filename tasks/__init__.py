"""The work itself: one handler a file, the file named by the message's verb."""
