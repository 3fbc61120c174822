"""The process of a service: its event loop, and the connections to it."""
