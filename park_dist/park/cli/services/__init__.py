"""Subcommands about services, and the files that one keeps there."""
