"""The service's state: tables on the index's metadata, and the migrations that make them."""
