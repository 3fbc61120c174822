"""The service's HTTP side: thin routes over the managers."""
