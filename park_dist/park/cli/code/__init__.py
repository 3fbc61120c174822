"""Subcommands about code: what is here, what the service has, and making them the same."""
