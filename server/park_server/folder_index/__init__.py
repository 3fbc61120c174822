"""Wheels in a folder of the operator as the index of released projects: pypiserver, run here."""
