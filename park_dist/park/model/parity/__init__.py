"""Whether two runs of one call left the same: exactly, within a tolerance, or where not."""
