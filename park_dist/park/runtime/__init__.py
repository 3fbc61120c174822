"""The machinery that runs inside an environment's interpreter: fork server, job, codec.

A service copies this one folder and starts it as ``<env>/bin/python -I <copy>/__main__.py``,
whatever ``park`` that environment itself holds. So nothing here imports anything but the
standard library and its own siblings, by relative imports. The service and the client
import the same modules for the formats that both sides share.
"""
