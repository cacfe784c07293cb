"""`make down`: stop what `make up` started, and nothing else."""

from filelock import FileLock

from flows import services
from flows.up import PATIENCE
from tasks import cli


def main() -> None:
    """Stop worker, Prefect and MLflow, in this order, and wait until they are gone."""
    services.HOME.mkdir(parents=True, exist_ok=True)
    with FileLock(services.HOME / ".lock", timeout=PATIENCE):
        for name in ("worker", "prefect", "mlflow"):
            print(f"{name:<9}{'stopped' if services.stop(name) else 'was not running'}", flush=True)


if __name__ == "__main__":
    cli.run(main)
