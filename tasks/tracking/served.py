"""What `mlflow models serve` runs of a registered generator: a table of wishes in, PNG pictures as base64 text out.

A copy of this file lies in every logged model, beside the ganlib that it was logged with (`flavours`), so that a model of
last year is served by the code of last year, on a machine that need not have this project.
"""

import base64
import json
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, INTERNAL_ERROR

if (_packed := Path(__file__).with_name("ganlib.zip")).exists():
    sys.path.insert(0, str(_packed))

from ganlib.errors import AtelierError
from ganlib.sampling.model import Model, load_model
from ganlib.sampling.png import encode_png
from ganlib.sampling.wishes import fulfil

PNG = "png"  # the one column of an answer


class Refused(MlflowException):  # type: ignore[misc]
    """An error whose sentence is the whole answer: MLflow would put the table before it, and the traceback of others behind."""

    def serialize_as_json(self) -> str:
        return json.dumps({"error_code": self.error_code, "message": self.args[0]})


class Server:
    """Draws what a table asks for; see `ganlib.sampling.wishes` for its columns."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def predict(self, table: Any) -> pd.DataFrame:
        """A table of wishes, a row each, to one with the column `png`: base64 text. Raises `Refused`."""
        try:
            drawn = [encode_png(picture) for picture in fulfil(self.model, _rows(table))]
        except AtelierError as error:
            raise Refused(str(error), BAD_REQUEST) from None
        except Exception:
            traceback.print_exc()
            raise Refused("Drawing failed, and not by what was asked for; the server's log says how.", INTERNAL_ERROR) from None
        return pd.DataFrame({PNG: [base64.b64encode(png).decode() for png in drawn]})


def _load_pyfunc(path: str) -> Server:
    """What MLflow calls with the folder of the published model."""
    return Server(load_model(Path(path)))


def _rows(table: Any) -> list[dict[str, Any]]:
    """The rows of what MLflow makes of a request: a data frame, or columns by name."""
    if isinstance(table, Mapping):
        columns = {str(name): np.asarray(column, dtype=object) for name, column in table.items()}
        if any(column.ndim == 0 for column in columns.values()) or len({len(column) for column in columns.values()}) > 1:
            raise AtelierError("Expected columns of equal length, found others; nothing was drawn.")
        table = pd.DataFrame({name: list(column) for name, column in columns.items()})
    if not isinstance(table, pd.DataFrame):
        raise AtelierError(f"Expected a table with the columns seed or code, found a {type(table).__name__}; nothing was drawn.")
    return [{str(name): _plain(cell) for name, cell in row.items()} for row in table.to_dict("records")]


def _plain(cell: Any) -> Any:
    """Without numpy."""
    if isinstance(cell, np.ndarray):
        return cell.tolist()
    return cell.item() if isinstance(cell, np.generic) else None if cell is pd.NA or cell is pd.NaT else cell
