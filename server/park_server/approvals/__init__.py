"""Approvals: what a service that is locked down offers its users, and makes for them."""
