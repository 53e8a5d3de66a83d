"""A SageMaker for the local cloud that really runs training, batch transform and endpoints."""
