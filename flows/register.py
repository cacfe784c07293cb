"""What a Prefect server must know before it can run a night: the work pool, the deployment, and what to do about dead runs."""

import os
import subprocess
import sys
from datetime import datetime, timedelta

from prefect.automations import AutomationCore
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectAlreadyExists

from ganlib.errors import AtelierError

WATCHMAN = "Runs that fell silent have crashed"
#: Three heartbeats.
SILENCE = timedelta(seconds=90)


def pool(name: str) -> None:
    """Make the pool of runs that are processes of this machine, unless it is there."""
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    try:
        with get_client(sync_client=True) as client:
            client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))
    except ObjectAlreadyExists:
        pass


def deployment() -> None:
    """Register everything in `prefect.yaml`. Raises `AtelierError` with Prefect's own words where that fails."""
    here = {**os.environ, "PWD": os.getcwd()}  # prefect.yaml names the folder by it, and only a shell keeps it true
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(command, capture_output=True, text=True, env=here)
    if done.returncode:
        raise AtelierError(f"prefect.yaml could not be registered: {(done.stderr or done.stdout).strip()}")


def watchman() -> None:
    """Have the server mark a run as crashed that sends no more heartbeats: the machine under it has died.

    It would stay Running for ever otherwise, and the nights after it would be cancelled for its sake.
    """
    ends = {f"prefect.flow-run.{name}" for name in ("Completed", "Failed", "Cancelled", "Crashed")}
    heartbeat = {"prefect.flow-run.heartbeat"}
    automation = AutomationCore(
        name=WATCHMAN,
        trigger=EventTrigger(
            after=heartbeat,
            expect=heartbeat | ends,
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENCE,
        ),
        actions=[
            ChangeFlowRunState(
                name="Crashed",
                state=StateType.CRASHED,
                force=False,
                message="No sign of life for 90 s: killed, or its machine died.",
            )
        ],
    )
    with get_client(sync_client=True) as client:
        if not client.read_automations_by_name(WATCHMAN):
            client.create_automation(automation)


def worker_is_online(pool_name: str, since: datetime) -> bool:
    """Whether a worker has asked the pool for work after `since`."""
    with get_client(sync_client=True) as client:
        workers = client.read_workers_for_work_pool(pool_name)
    return any(worker.last_heartbeat_time and worker.last_heartbeat_time >= since for worker in workers)
