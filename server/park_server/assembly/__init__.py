"""Puts the parts of a service together: the foundation, then the jobs, then all of it."""
