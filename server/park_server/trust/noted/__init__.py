"""How much of the audit log its users can fill: so much a day each, and the rest together."""
