"""Engines of SQLAlchemy for each kind of database, and what is particular to each."""
