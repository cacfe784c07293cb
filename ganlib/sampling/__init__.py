"""Pictures from a seed."""
