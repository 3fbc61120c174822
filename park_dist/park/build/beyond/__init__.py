"""What a set has, or reaches here, beyond what its module requires: taken along, or said."""
