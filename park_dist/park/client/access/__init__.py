"""The way to a service: the user's configuration, addresses, tokens, requests, long polls."""
