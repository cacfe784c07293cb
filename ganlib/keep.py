"""The knobs of tidying up: how much of what runs leave behind is kept. `tasks/tidy.py` does it, docs/keeping.md says it."""

from dataclasses import dataclass

from ganlib.knobs import Natural, NaturalFloat, PositiveFloat


@dataclass(frozen=True)
class KeepConfig:
    """Section `keep` of `params.yaml`.

    runs: folders of trainings, besides the one that the parameters describe and those at work, and run_gigabytes: what they may
    take up together. cache_gigabytes: what DVC's cache may hold before what nothing names is removed from it. days: how long
    runs that a person deleted in MLflow, and files that a killed process left half written, stay. log_megabytes: of each log.
    """

    runs: Natural = 4
    run_gigabytes: NaturalFloat = 20.0
    cache_gigabytes: NaturalFloat = 20.0
    days: NaturalFloat = 30.0
    log_megabytes: PositiveFloat = 10.0
