"""Where everything lies, relative to the project's folder, and the steps in their order."""

from pathlib import Path

RAW = Path("build/raw")  # collect writes it; data.dvc imports it into DATA
DATA = Path("data")
DATASET = Path("artifacts/dataset")
OVERRIDES = Path("curation/overrides.csv")
MODEL = Path("artifacts/model")
SAMPLES = Path("artifacts/samples")
METRICS = Path("metrics")
SCORES = METRICS / "evaluate.json"
PLOTS = METRICS / "plots"
DIAGNOSIS = METRICS / "diagnosis.json"
EVALUATION = Path("artifacts/evaluation/evaluation.json")  # what lies behind the scores: nearest, best, worst pictures, classes
REPORT = Path("artifacts/report/report.html")
COMPARE = Path("compare")  # a DVC project of its own, with a folder for every preset of a comparison
RUNS = Path(".runs")  # checkpoints and histories of runs in progress; never in DVC
CURATED = RUNS / "curate"  # what curating found out about pictures, so that only new ones cost
DRIFT = CURATED / "drift.json"  # how the data set differs from the last one
FEATURES = RUNS / "features"  # of real pictures, so that they go through the extractor once

STEPS = ("collect", "data", "curate", "train", "sample", "evaluate", "report")
