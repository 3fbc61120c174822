"""From a client's pins to an environment: each install is a small job with states.

checked_request     what a client asks for, parsed once
manager             request -> stations -> end           install_progress
upload_station      the wheels of its trees arrive
source_station      sources become wheels                sdist_build, build_command, confine
lock_station        a known lock, or a new one           exchanged_lock
realise_station     its environment
offers              what the operator keeps ready: installs that follow themselves

What is asked of the database stands in install_rows, lock_rows, offer_rows, version_rows.
"""
