"""Synthetic fleets, replayed through the real scheduler: its database and commits, no processes."""
