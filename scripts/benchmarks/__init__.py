"""The benchmarks behind ``scripts/bench``."""
