"""Items of a DynamoDB table in plain values, written under conditions.

A condition and its write are one step, whoever else writes at the same moment:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        PutItemInputTypeDef,
        UpdateItemInputTypeDef,
    )

Item = dict[str, Any]

_deserialize = TypeDeserializer().deserialize
_serialize = TypeSerializer().serialize


@dataclass(frozen=True)
class Items:
    """The items of a table whose partition key is named *key*, and no sort key.

    In expressions, #name stands for the attribute of that name, and :name for a value given.
    """

    client: DynamoDBClient
    table: str
    key: str

    def get(self, key: str) -> Item | None:
        """The item as it is now, or None."""
        answer = self.client.get_item(TableName=self.table, Key=self._key(key), ConsistentRead=True)
        return _plain(answer["Item"]) if "Item" in answer else None

    def put(self, item: Item, *, condition: str, values: Mapping[str, object] | None) -> bool:
        """Write the whole item; False if the condition did not hold."""
        request: PutItemInputTypeDef = {
            "TableName": self.table,
            "Item": _typed(item),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": _names(condition),
        }
        if values:
            request["ExpressionAttributeValues"] = _typed(values)
        try:
            self.client.put_item(**request)
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def update(
        self,
        key: str,
        *,
        update: str,
        values: Mapping[str, object],
        condition: str = "",
        names: Mapping[str, str] | None = None,
    ) -> Item | None:
        """Change an item; returns it as it is then, or None if the condition did not hold.

        names are the attributes that cannot be spelled in an expression.
        """
        request: UpdateItemInputTypeDef = {
            "TableName": self.table,
            "Key": self._key(key),
            "UpdateExpression": update,
            "ExpressionAttributeNames": {**_names(f"{update} {condition}"), **(names or {})},
            "ExpressionAttributeValues": _typed(values),
            "ReturnValues": "ALL_NEW",
        }
        if condition:
            request["ConditionExpression"] = condition
        try:
            answer = self.client.update_item(**request)
        except self.client.exceptions.ConditionalCheckFailedException:
            return None
        return _plain(answer["Attributes"])

    def _key(self, key: str) -> dict[str, AttributeValueTypeDef]:
        return {self.key: {"S": key}}


def _names(expression: str) -> dict[str, str]:
    # Any name may be a reserved word, so all are given apart:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
    return {f"#{name}": name for name in re.findall(r"#(\w+)", expression)}


def _typed(values: Mapping[str, object]) -> dict[str, AttributeValueTypeDef]:
    return {name: _serialize(value) for name, value in values.items()}


def _plain(item: Mapping[str, AttributeValueTypeDef]) -> Item:
    return {name: _deserialize(value) for name, value in item.items()}
