"""What many jobs do at once, in a few statements for all of them."""
