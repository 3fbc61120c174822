"""The package index of a service: simple API, uploads, wheel checks, wheel store."""
