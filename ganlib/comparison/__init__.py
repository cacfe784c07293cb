"""Ways of learning to generate, compared: the same pictures, the same budget, several seeds each."""
