"""Model scripts: loaded here as bumps loads them, to know what must be there for a fit of them."""
