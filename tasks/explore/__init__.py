"""The explorer: a page in the browser on which a person asks a trained generator for portraits, and what answers it.

Every picture is a function of a `State` (state.py) and of a model, so a link, a saved picture and `ganlib.sampling` agree.
"""
