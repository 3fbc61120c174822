"""The processes of Parsl's pilots; their engine is `park_server.jobs.engines.pilots`.

driver         holds Parsl for a service, and outlives it, as a fork server does
groups         which jobs go to a worker together
living_lock    a lock that a process which is killed does not keep
parsl_setup    the executor, from the operator's own configuration of Parsl or from none
pilot_worker   what runs in each worker: fork servers of the environments that it serves
worker_folder  its folder on the node, and what ended ones have left there
tied           a program that ends with the one that started it
tied_pool      Parsl's pool, whose helper ends with it
"""
