"""How a change spreads to what waits: who that is, and what is left for further changes."""
