"""What an operator does when something has gone wrong: revoke, and set aside."""
