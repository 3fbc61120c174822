"""Workflows as wholes: asked for, followed, and planned without running them."""
