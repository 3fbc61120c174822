"""Grants: tokens that open a few things of one user for a while, for another service."""
