"""Schema migrations of the service's database (Alembic)."""
