"""Routes about who asks: logins, tokens, and users as those see them who administrate."""
