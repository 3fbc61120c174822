"""Routes as their modules declare them, made when they are first asked for."""
