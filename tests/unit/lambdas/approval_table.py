"""The table of approvals on a DynamoDB emulator, for tests of what is written to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import boto3
from moto import mock_aws
from mypy_boto3_dynamodb import DynamoDBClient
from shared.approvals_table import ApprovalsTable

NAME = "approvals"


def create() -> ApprovalsTable:
    """The table, made in the emulator that runs."""
    client = boto3.client("dynamodb")
    client.create_table(
        TableName=NAME,
        KeySchema=[{"AttributeName": "approvalId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "approvalId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return ApprovalsTable.of(client, name=NAME)


@contextmanager
def emulated() -> Iterator[ApprovalsTable]:
    """The table in an emulator of its own."""
    with mock_aws():
        yield create()


def one_call_at_a_time(table: ApprovalsTable) -> ApprovalsTable:
    """The same table for many threads: each call is one step, as DynamoDB promises for an item.

    The emulator itself would let another thread in between a condition and its write.
    """
    client = cast(DynamoDBClient, _Serialized(table.items.client))
    return ApprovalsTable.of(client, name=NAME)


class _Serialized:
    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self.exceptions = client.exceptions

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: object) -> object:
            with self._lock:
                return getattr(self._client, operation)(**request)

        return call
