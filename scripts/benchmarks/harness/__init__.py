"""What the benchmarks measure with: services, viewers, loads, clocks."""
