"""What else than torch can run an extractor's network: one file a backend, named in `ganlib.metrics.config`."""
