"""What every request goes through before it is known whose it is, and every answer on its way."""
