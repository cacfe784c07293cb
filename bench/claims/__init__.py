"""What is claimed about speed: one file a kind, listed in `bench.registry`."""
