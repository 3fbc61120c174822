"""Populations of fitters that run here, evaluated by jobs."""
