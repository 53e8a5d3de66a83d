"""Short-lived links to the prediction files, made when the page is looked at.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.approvals import Approval

from answer_approval.evidence import LINK_SECONDS, PredictionFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def prediction_files(s3: S3Client, approval: Approval) -> Sequence[PredictionFile]:
    """A link for each prediction file that the evidence names, good for LINK_SECONDS.

    A browser downloads what is behind them: it is data, and nothing to show as a page.
    """
    return [
        PredictionFile(
            name=key.rpartition("/")[2],
            url=s3.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": approval.evidence.bucket,
                    "Key": key,
                    "ResponseContentDisposition": "attachment",
                },
                ExpiresIn=LINK_SECONDS,
            ),
        )
        for key in approval.evidence.evaluation.prediction_keys
    ]
