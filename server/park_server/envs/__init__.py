"""Environments: interpreters, resolution to locks, and the farm of links that realises them."""
