"""The parts of the page that `tasks.report` writes: each a function of what a step left, none of files or clocks."""
