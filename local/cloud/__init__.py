"""MiniStack in one process with what it lacks: SageMaker, an inbox, the workflow role enforced."""
