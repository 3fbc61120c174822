"""The agent: a process that holds the tokens of one user, for all of his sessions on a machine."""
