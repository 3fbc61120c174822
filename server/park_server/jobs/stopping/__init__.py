"""How running jobs are ended: killed, or asked to stop and to keep the best that they have."""
