"""What a service keeps that opens something elsewhere, sealed: its key is not in the database."""
