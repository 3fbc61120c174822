"""The index over HTTP: pages, files and uploads."""
