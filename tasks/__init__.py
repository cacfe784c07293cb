"""One file a step of the pipeline: files in, files out, one record of the run.

What must be in the environment before any of the big packages is imported is set here, once, for every entry point:
nothing phones home, nothing loads a pickle, and threads that wait for each other spin for some 45 microseconds, then sleep.
Without sleep a training is slowed down to less than a half where one core has other work, and with nothing but sleep it
loses a quarter of its speed where none has.
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
