"""Everything between SageMaker and the model: files, hyperparameters, HTTP, processes."""
