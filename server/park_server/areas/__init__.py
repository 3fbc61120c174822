"""The files that users keep on a service, and the folders that its operator shows them."""
