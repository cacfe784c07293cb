"""The one loop that trains every method, and what it needs to lose nothing."""
