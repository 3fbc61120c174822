"""Backups of a service: made while it runs, checked before anything is written, restored."""
