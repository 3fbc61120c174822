"""What is still to follow from changes that are committed, as the database has it."""
