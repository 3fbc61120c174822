"""The web page of a service: its files, its sessions, and what it shows of the service."""
