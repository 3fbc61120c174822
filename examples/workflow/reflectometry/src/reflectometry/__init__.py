"""Reduction of measured reflectivity: the angles of a run become one curve."""
