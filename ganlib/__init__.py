"""Atelier's library: pictures, networks, games, metrics. It knows nothing of schedulers, trackers or data versioning."""
