"""HTTP/1.1 as a client of a service speaks it, over the standard library alone."""
