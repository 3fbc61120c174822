"""What a service keeps and for how long: removal of jobs, what nobody needs, what all takes."""
