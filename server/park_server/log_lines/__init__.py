"""What a service says in its log: lines for people, or records for programs."""
