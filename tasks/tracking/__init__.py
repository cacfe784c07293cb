"""The inside of the seam to MLflow: no file outside this folder imports it, and none that a step or a flow imports.

MLflow runs in processes of its own (`worker`, and `tasks.live` beside a training), which can be killed when a server
hangs; what it has not taken stays on disk (`spool`) and is sent again, found by tags so that nothing is there twice.
"""
