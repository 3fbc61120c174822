"""Texts that strangers packed, as people read them: READMEs, and what differs in sources."""
