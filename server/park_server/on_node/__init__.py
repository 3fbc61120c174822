"""What runs on a node that shares nothing with its service: it brings itself, and all else.

bootstrap        the standard library alone: brings the rest, then becomes it
environment      the environment, realised here from its lock
mirror           the folder of the job, and what of it goes back to the service
carried_attempt  one attempt: inputs come, the job runs, what it left goes back
"""
