"""Grants that are bounced: each use waits for a pass, which an agent has made where it is used."""
