"""One training run: read the job's input, fit, report, and write the model to staging."""

import model

from plumbing import hyperparameters
from plumbing.paths import MlPaths
from plumbing.training_data import read_channel


def run(paths: MlPaths) -> None:
    """Leaves a complete model in ``paths.staging``, which exists.

    Metrics are printed as ``train:<name>=<value>;`` for SageMaker's metric definitions:
    https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html

    Raises:
        InputError: hyperparameters or data cannot be used.
    """
    chosen = hyperparameters.read(model.Hyperparameters, paths.hyperparameters)
    print(f"Training with {chosen}", flush=True)
    data = read_channel(paths.training_channel, model.FEATURE_TYPE)
    rows, columns = data.features.shape
    print(f"Read {rows} rows of {columns} features", flush=True)
    fitted = model.fit(features=data.features, labels=data.labels, hyperparameters=chosen)
    print(f"train:rows={rows};", flush=True)
    for name, value in model.score(data.labels, model.predict(fitted, data.features)).items():
        print(f"train:{name}={value:.6g};", flush=True)
    model.save(fitted, paths.staging)
