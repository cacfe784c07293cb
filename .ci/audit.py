"""Ask pip-audit whether any locked version is known to be vulnerable: `make audit`.

Exits with 1 where one is, unless supply.toml excepts it with a reason and a date that has not passed. Where the service that
knows cannot be reached, or does not know the packages, that is said aloud, and nothing fails. The standard library only: it runs
with any Python, and pip-audit in an environment of its own.
"""

import datetime
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

AUDIT = "pip-audit==2.10.1"
HOME = Path("build/audit")


def main() -> int:
    """Say what is known of the locked versions; the exit code."""
    command = [*_pip_audit(), "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    excepted = _excepted()
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        pins.write_text("\n".join(locked()) + "\n")
        ignored = [word for name in excepted for word in ("--ignore-vuln", name)]
        try:
            done = subprocess.run([*command, *ignored, "--requirement", str(pins)], capture_output=True, text=True, timeout=600)
        except (OSError, subprocess.TimeoutExpired) as error:
            return _not_asked(type(error).__name__)
    try:
        known = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return _not_asked((done.stderr.strip().splitlines() or ["no reason given"])[-1].partition(":")[0])
    return _verdict(known, excepted)


def locked() -> list[str]:
    """Every locked version, a line each, without digests."""
    text = "".join(Path(name).read_text() for name in ("requirements.lock", "torch.lock"))
    return re.findall(r"^[A-Za-z0-9._-]+==[^\s;\\]+", text, re.MULTILINE)


def _verdict(known: list[dict[str, object]], excepted: list[str]) -> int:
    asked = [one for one in known if "skip_reason" not in one]
    found = [one for one in asked if one["vulns"]]
    if not asked:
        return _not_asked("it knows none of the packages")
    print(f"pip-audit was asked about {len(asked)} of {len(known)} locked packages; exceptions: {', '.join(excepted) or 'none'}.")
    for one in found:
        for vulnerability in one["vulns"]:  # type: ignore[attr-defined]
            mended = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            print(f"  {one['name']} {one['version']}: {vulnerability['id']}, mended in {mended}")
    if found:
        print("Lock a version that is mended (make lock), or except it in supply.toml, with a reason and a date.")
    return 1 if found else 0


def _excepted() -> list[str]:
    """Exceptions that still hold."""
    written = tomllib.loads(Path("supply.toml").read_text())["audit"]["exceptions"]
    return [name for name, one in written.items() if one["until"] >= datetime.date.today()]


def _pip_audit() -> list[str]:
    """Its command; installed where it is not."""
    python = HOME / "bin/python"
    if not python.exists():
        venv.create(HOME, with_pip=True, clear=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", AUDIT], stderr=subprocess.DEVNULL)
    return [str(python), "-m", "pip_audit"]


def _not_asked(why: str) -> int:
    print(f"NOT AUDITED: pip-audit's service could not be asked about the locked versions ({why}). Nothing is known of them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
