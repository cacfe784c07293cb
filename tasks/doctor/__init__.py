"""What can ail a folder of the project, one check a file: what was found, what to do, and what `--fix` mends by itself.

A check is a function `check(fix)` that returns one `Finding`. It runs in the project's folder. With `fix` it does what loses
nothing, and says so; a check that cannot be made is a finding, too. `flows.doctor` adds what needs the servers.
"""

#: The modules of this folder, in the order in which a person reads them.
CHECKS = (
    "environment",
    "versions",
    "gpu",
    "disk",
    "locks",
    "orphans",
    "litter",
    "cache",
    "outputs",
    "checkpoints",
    "shelves",
    "runs",
    "spool",
)
