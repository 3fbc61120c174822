"""Sockets of the file system, by which processes of one user talk to each other."""
