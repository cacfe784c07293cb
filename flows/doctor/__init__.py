"""What can ail the servers, beside `tasks.doctor`: `python -m flows.doctor` makes all checks."""

#: The modules of this folder that are checks.
CHECKS = ("servers", "crashed", "slots")
