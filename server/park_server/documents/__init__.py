"""The documentation, as each service has it for its users: the release's own, and no network."""
