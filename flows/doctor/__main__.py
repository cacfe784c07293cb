"""`make doctor`, `python -m flows.doctor`: what ails this folder, a line a check, and what to do about it.

Exits with 0 where all is well, 1 where something is to be looked at, 2 where something is broken.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict

from flows import doctor
from tasks.doctor import CHECKS
from tasks.doctor.base import Finding, examine, exit_code


def main() -> None:
    """Make all checks in this folder; say what was found."""
    parser = argparse.ArgumentParser(
        prog="python -m flows.doctor", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="a list of {name, state, found, advice, fixed}")
    parser.add_argument("--fix", action="store_true", help="mend what loses nothing: what dead processes left, damaged objects")
    args = parser.parse_args()
    modules = [*(f"tasks.doctor.{name}" for name in CHECKS), *(f"flows.doctor.{name}" for name in doctor.CHECKS)]
    findings = list(_told(examine(modules, args.fix), quiet=args.json))
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    sys.exit(exit_code(findings))


def _told(findings: Iterable[Finding], quiet: bool) -> Iterable[Finding]:
    """Print each as it comes: some take their time."""
    for finding in findings:
        if not quiet:
            advice = f"  -> {finding.advice}" if finding.advice else ""
            print(f"{finding.state:<5}{finding.name:<13}{finding.found}{advice}", flush=True)
            for done in finding.fixed:
                print(f"{'':<5}{'':<13}mended: {done}", flush=True)
        yield finding


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
