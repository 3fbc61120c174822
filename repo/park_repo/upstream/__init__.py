"""Other indexes: reached through this one, or in place of it."""
