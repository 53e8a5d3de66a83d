"""The key that signs approval links."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from constructs import Construct


class LinkKey(Construct):
    """An HMAC key that never leaves KMS: whoever may use it signs, or verifies, and no more.

    https://docs.aws.amazon.com/kms/latest/developerguide/hmac.html

    Attributes:
        key: the KMS key; `kms:GenerateMac` signs a link, `kms:VerifyMac` verifies one.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, removal_policy: RemovalPolicy
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description="Model release: signatures of approval links",
            key_spec=kms.KeySpec.HMAC_256,
            key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
            pending_window=Duration.days(7),
            removal_policy=removal_policy,
        )
