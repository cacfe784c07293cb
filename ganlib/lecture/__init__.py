"""The lecture, run: a computation and a figure for each of its pictures, one file each."""
