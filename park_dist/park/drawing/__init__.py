"""Workflows drawn: as text, as SVG and DOT, and live on a terminal."""
