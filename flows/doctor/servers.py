"""The servers of `make up`: running, answering, bound to the loopback address alone; or, while down, their ports free."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from flows import services
from ganlib.errors import AtelierError
from tasks import servers
from tasks.doctor.base import Finding, State, listed

NAME = "servers"
_AGAIN = "make down, then make up"
_HERE = ("127.0.0.1", "localhost", "::1")


def check(fix: bool) -> Finding:
    """A server that anybody can reach is bad, for it asks for no password."""
    addresses = {"prefect": servers.prefect(), "mlflow": servers.mlflow()}
    troubles = [trouble for name, url in addresses.items() for trouble in _troubles(name, url)]
    up = [name for name in (*addresses, "worker") if services.running(name)]
    found = f"Up: {', '.join(up)}." if up else "Down; make up starts them."
    if not troubles:
        return Finding(NAME, "ok", found)
    state: State = "bad" if any(trouble.bad for trouble in troubles) else "warn"
    advice = "; ".join(dict.fromkeys(trouble.advice for trouble in troubles))
    return Finding(NAME, state, f"{found} {listed([trouble.sentence for trouble in troubles])}", advice)


@dataclass(frozen=True)
class _Trouble:
    sentence: str
    bad: bool
    advice: str


def _troubles(name: str, url: str) -> list[_Trouble]:
    process = services.running(name)
    if process is None:
        return _in_the_way(name, url)
    found = []
    if open_to_all := sorted(_listening(process) - set(_HERE)):
        found.append(_Trouble(f"{name} listens at {', '.join(open_to_all)}, where others can reach it.", True, _AGAIN))
    health = f"{services.url_of(name)}/{'api/health' if name == 'prefect' else 'health'}"
    if not services.answers(health):
        found.append(_Trouble(f"{name} runs, but does not answer; what it said is in {services.HOME}/{name}.log.", True, _AGAIN))
    return found


def _in_the_way(name: str, url: str) -> list[_Trouble]:
    if urlsplit(url).hostname not in _HERE:
        return []
    try:
        services.check_free(name, url)
    except AtelierError as error:
        return [_Trouble(str(error).partition(". ")[0] + ".", False, services.GIVE_WAY)]
    return []


def _listening(process: psutil.Process) -> set[str]:
    """The addresses at which it, or what it started, listens."""
    found = set()
    for one in (process, *process.children(recursive=True)):
        try:
            found |= {here.laddr.ip for here in one.net_connections("tcp") if here.status == psutil.CONN_LISTEN}
        except psutil.Error:
            continue
    return found
