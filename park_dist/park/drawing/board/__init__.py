"""All that goes on at a service, on a terminal: what runs, waits and failed, and keys to act."""
