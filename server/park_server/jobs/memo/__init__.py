"""Memoization: a call that was made before is answered with what it left then."""
