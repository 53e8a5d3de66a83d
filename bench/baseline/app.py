"""The web application behind gunicorn: rows of CSV in, one label a line out."""

import functools
import io
import pickle
from pathlib import Path

import pandas
from flask import Flask, Response, request
from sklearn.tree import DecisionTreeClassifier

MODEL = Path("/opt/ml/model/model.pkl")
app = Flask(__name__)


@functools.cache
def model() -> DecisionTreeClassifier:
    """The pickled model. As the reference has it, each worker loads it when first asked."""
    with MODEL.open("rb") as file:
        return pickle.load(file)  # noqa: S301 - as this kind of stack does


@app.get("/ping")
def ping() -> Response:
    """Healthy once the model can be loaded."""
    model()
    return Response("\n", status=200, mimetype="application/json")


@app.post("/invocations")
def invocations() -> Response:
    """Predict by way of data frames, there and back, as the reference has it."""
    if request.mimetype != "text/csv":
        return Response("CSV only\n", status=415, mimetype="text/plain")
    rows = pandas.read_csv(io.StringIO(request.get_data().decode()), header=None)
    labels = model().predict(rows)
    answer = pandas.DataFrame({"label": labels}).to_csv(header=False, index=False)
    return Response(answer, status=200, mimetype="text/csv")
