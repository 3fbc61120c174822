"""Jobs as objects: their handles, what they leave, conditions, and waiting for them."""
