"""A farm of links into the wheel store: what an environment is on the disk.

template      the skeleton: what virtualenv makes, once for each interpreter
farm_plan     which links, scripts and folders the wheels come to: pure
farm_apply    what the plan says, made
shared_code   which compiled code of it is that of other environments, too
farm_build    all of it beside its place, sealed, and renamed into it
"""
