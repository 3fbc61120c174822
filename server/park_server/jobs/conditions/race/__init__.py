"""Races: what is known of those that compete, who has won, and what becomes of the others."""
