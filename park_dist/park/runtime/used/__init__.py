"""What a job really uses, noted while it runs: files, folders, modules, libraries, processes."""
