"""Who may do what on a service: users, their roles, tokens, and what is noted of it all."""
