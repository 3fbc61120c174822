"""Races: their terms, who has won, and what is written down of them."""
