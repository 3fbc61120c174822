"""Files by URL: downloaded, verified, kept by content, and asked for again only if changed."""
