"""From a heap of pictures to one array that a network can learn from."""
