"""The functions that measure predictions in parts, so that no test set is too large for one."""

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge_prefix
from mlops_stacks.constructs.data_store import PREDICTIONS_PREFIX
from mlops_stacks.constructs.release_function import ReleaseFunction


class EvaluationFunction(ReleaseFunction):
    """Lists and reads predictions, and writes beside them: plans, partial figures, the report."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        folder: str,
        description: str,
        bucket: s3.IBucket,
        key: kms.IKey,
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder=folder,
            description=description,
            log_days=log_days,
            timeout=Duration.minutes(15),
            # Not for the data, which is read as a stream: CPU grows with it.
            memory_mib=1024,
        )
        predictions = f"{PREDICTIONS_PREFIX}*"
        self.allow(["s3:GetObject", "s3:PutObject"], [bucket.arn_for_objects(predictions)])
        self.allow(
            ["s3:ListBucket"],
            [bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": predictions}},
        )
        self.allow_key(key)
        acknowledge_prefix(self.role, bucket=bucket, prefix=PREDICTIONS_PREFIX)
