"""The command line: one file for each subcommand, each a parse, a call and a print."""
