"""What a service does for nodes that share nothing with it.

attempt_tokens  a token for one attempt, made from a key: it opens what that attempt needs
node_callers    who speaks with such a token
machinery       the archive that a node runs
intake          what comes back, at an offset and by content, into the folder of the job
desk            all that a node asks
"""
