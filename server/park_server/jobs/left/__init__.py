"""What jobs left, as rows of the database."""
