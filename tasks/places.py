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
CONTROL = METRICS / "control.json"
DIAGNOSIS = METRICS / "diagnosis.json"
EVALUATION = Path("artifacts/evaluation/evaluation.json")  # what lies behind the scores: nearest, best, worst pictures, classes
REPORT = Path("artifacts/report/report.html")
PUBLISHABLE = REPORT.parent / "model"  # the model with its card and scores, to be published as it is
COMPARE = Path("compare")  # a DVC project of its own, with a folder for every preset of a comparison
WEIGHTS = Path("weights")  # of networks that others published, fetched once; never in git or DVC
RUNS = Path(".runs")  # checkpoints and histories of runs in progress; never in DVC
CURATED = RUNS / "curate"  # what curating found out about pictures, so that only new ones cost
DRIFT = CURATED / "drift.json"  # how the data set differs from the last one
DECISION = RUNS / "promotion.json"  # whether the last model became the champion
MORNING = RUNS / "report.html"  # the report with that decision in it, which is made after the step report
FEATURES = RUNS / "features"  # of real pictures, so that they go through the extractor once
DIRECTIONS = RUNS / "directions"  # with names, of models that were asked for them: a folder each

# Patterns of all that lies in a folder of samples, or of a model: beside what is called otherwise nothing is replaced.
SAMPLES_PARTS = (
    "samples.json",
    "pictures.npy",
    "labels.parquet",
    "grid.png",
    "interpolation.png",
    "sheet.png",
    "directions.json",
)
MODEL_PARTS = (
    "model.json",
    "README.md",
    "*.safetensors",
    "*.jsonl",
    "conditions.parquet",
    "samples",
    "adapt.json",
    "before-after.png",
)

STEPS = ("collect", "data", "curate", "train", "sample", "evaluate", "report")
