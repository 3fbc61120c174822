"""What is taken up of earlier days while the service serves already."""
