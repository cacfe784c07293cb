"""One file a step of the pipeline: files in, files out, one record of the run.

What must be in the environment before any of the big packages is imported is set here, once, for every entry point:
nothing phones home, nothing loads a pickle, and threads that wait for each other spin for a moment (3000 turns are some 45
microseconds on an AMD EPYC), then sleep. A training of two threads that only spin is slowed down to less than a half where one
core has other work, one whose threads only sleep to three quarters where none has; so is this one, by a fifth where one has.
"""

import os

for _name, _value in {
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "GOMP_SPINCOUNT": "3000",
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
}.items():
    os.environ.setdefault(_name, _value)
