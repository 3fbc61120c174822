"""Pieces of what is left of a cascade: each is settled in a change of its own."""
