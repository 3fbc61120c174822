"""How much each user may have of a service, how much he has, and what he is told beyond."""
