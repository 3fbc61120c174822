"""The requests of every job, answered in front of the routes."""
