"""Subcommands about jobs and workflows."""
