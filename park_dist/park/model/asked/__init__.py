"""What a job asks of the machines that it runs on."""
