"""The board of a service on the command line."""
