"""Whether Prefect's server can be reached, asked before each thing that a night can do without."""

from prefect.settings import PREFECT_API_URL

from flows.services import answers


def server_is_away() -> bool:
    """Whether nothing answers there now. Prefect's own client would find out after a minute, each time anew."""
    url = PREFECT_API_URL.value()
    return url is not None and not answers(f"{url}/health")
