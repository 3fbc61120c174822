"""Environments, from an interpreter to one that is kept fit for use.

interpreters    those of this machine                    interpreter_query
resolve         pins -> lock, by uv or pip               available, exchange, pylock
supply          where each wheel comes from              wheel_download
fill            wheels -> store entries
farm            entries -> links, scripts, manifest      environment
realisation     all environments of a service: made, checked, repaired, removed
keeper          whole before each use, within a quota    verification, inotify, eviction
"""
