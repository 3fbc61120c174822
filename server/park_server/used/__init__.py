"""What runs really used: collected from the folders of jobs, and looked at again later."""
