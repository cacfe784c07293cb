"""The GPU, and whether the installed torch can use it."""

import shutil
import subprocess

import torch

from tasks.doctor.base import Finding
from tasks.litter import gigabytes

NAME = "gpu"


def check(fix: bool) -> Finding:
    """A GPU that torch cannot use is to be looked at; no GPU is no illness."""
    build = f"torch {torch.__version__}, built {f'for CUDA {torch.version.cuda}' if torch.version.cuda else 'without CUDA'}"
    driver = _driver()
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        bf16 = "with" if torch.cuda.is_bf16_supported() else "without"
        found = f"{torch.cuda.get_device_name()}, {gigabytes(free)} of {gigabytes(total)} free, {bf16} bf16; {build}; {driver}."
        return Finding(NAME, "ok", found)
    if not driver:
        return Finding(NAME, "ok", f"No GPU here: trains on the CPU; {build}.")
    advice = (
        "Restart the machine, or update the driver." if torch.version.cuda else "make clean install, from no index of CPU builds."
    )
    return Finding(NAME, "warn", f"{driver}, but torch cannot use it; {build}.", advice)


def _driver() -> str:
    """What NVIDIA's driver says of its first GPU; empty without one."""
    if shutil.which("nvidia-smi") is None:
        return ""
    command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "nvidia-smi does not answer"
    lines = answer.stdout.strip().splitlines()
    return f"driver {lines[0]}" if answer.returncode == 0 and lines else "nvidia-smi finds no GPU"
