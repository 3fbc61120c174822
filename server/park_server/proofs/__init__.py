"""Proofs of possession: whoever uses a grant shows each time that he holds it (RFC 9449, DPoP)."""
