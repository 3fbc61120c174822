"""Looks at jobs for those who follow them."""
