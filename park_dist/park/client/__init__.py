"""The client: configuration, transport, and the handles of services and jobs."""
