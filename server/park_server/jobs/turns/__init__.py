"""Whose job gets the next slot: users take turns, by the slot-seconds that each has had."""
