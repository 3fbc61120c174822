"""Versions of working trees: each edit is one, and most are wanted for a few days only."""
