"""What a generator can be asked for: attributes, taken from the data set's labels, as numbers at the end of its code."""
