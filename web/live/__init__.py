"""WebSockets: one reader of the stream a process, every event framed once, no slow client waited for."""
