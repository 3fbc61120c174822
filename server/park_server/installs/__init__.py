"""From a client's pins to an environment: each install is a small job with states."""
