"""Which machines the service talks to on its users' behalf: public ones, and those allowed."""
