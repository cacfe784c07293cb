"""How others do the same work, written by us after the structure that they publish: same graph, same order, plain calls.

Each has the name of what it stands for. None is their code.
"""
