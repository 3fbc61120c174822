"""A model in one module."""

__version__ = "0.3"

FILM_SLD = 2.0
