"""How a service may be asked: under which names, from which pages, through which proxies."""
