"""Jobs that can more than any: fits; and which kind of handle a job gets that was found."""
