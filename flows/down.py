"""`make down`: stop what `make up` started, and nothing else."""

from contextlib import suppress

from flows import services, turn
from flows.up import PATIENCE
from tasks import cli


def main() -> None:
    """Stop worker, Prefect and MLflow, in this order, and wait until they are gone."""
    with services.alone(PATIENCE):
        _stop("worker")
        if own := services.url_of("prefect"):
            with suppress(OSError):  # it may not answer any more
                turn.bury_the_dead(f"{own}/api")
        _stop("prefect")
        _stop("mlflow")


def _stop(name: str) -> None:
    print(f"{name:<9}{'stopped' if services.stop(name) else 'was not running'}", flush=True)


if __name__ == "__main__":
    cli.run(main)
