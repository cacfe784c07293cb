"""From sources to a champion, step by step: `python -m flows.train_gan`, `prefect deployment run train-gan/nightly`."""

import argparse

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Failed

from flows import branch, local, show
from flows.repro import StepFailed, Version
from flows.step import Steps
from flows.turn import turn
from ganlib.errors import AtelierError
from tasks import report


@flow(name="train-gan", log_prints=False, persist_result=False)
def train_gan(refresh: bool = False, commit: bool = False) -> "State | dict[str, Version]":
    """Collect and clean pictures, train a generator on them, draw with it, score what it drew, and keep the best one.

    Every step but the last runs through DVC, and only if something that it depends on has changed. The result is the version
    of every step: its entry in `dvc.lock`.

    Args:
        refresh: ask the source again, even if nothing that is known here has changed.
        commit: put a new result into a branch of its own, `nightly/<date>-<digest>`.
    """
    try:
        with turn(), Steps() as step:
            step("collect", force=refresh, hours=6)
            step("data")
            step("curate", hours=6)
            show.verdicts()
            step("train", hours=48)
            step("sample")
            show.samples()
            step("evaluate", hours=6)
            show.scores()
            show.control()
            show.diagnosis()
            step("report")
            trouble = _commit() if commit else ""
            step.alone("promote")
            show.champion()
            show.page()
            step.alone("tidy")
            if trouble:
                raise AtelierError(trouble)
    except (StepFailed, AtelierError) as failure:
        return Failed(message=str(failure))
    return step.versions


def _commit() -> str:
    """Put a new result into its branch. Where that fails, the sentence that says why: it costs no model its promotion."""
    try:
        show.branch(branch.commit_results())
    except (AtelierError, OSError) as failure:
        print(f"No branch for the result: {failure}", flush=True)  # said again in the end, unless something else fails, too
        return str(failure)
    return ""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m flows.train_gan", description=__doc__)
    parser.add_argument("--refresh", action="store_true", help="ask the source again, even if nothing here has changed")
    parser.add_argument("--commit", action="store_true", help="put a new result into a branch of its own")
    local.main(train_gan, parser, lambda **_: report.summary())


if __name__ == "__main__":
    main()
