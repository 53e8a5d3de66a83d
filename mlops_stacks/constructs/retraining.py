"""New data, or time, starts a release with the image of the model that serves."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.alarm_at_once import alarm_at_once
from mlops_stacks.constructs.data_store import TRAIN_PREFIX
from mlops_stacks.constructs.retrain_function import Retrain
from mlops_stacks.settings import Settings

# A message comes again for as long as a release may take (7 days), and is told after ten:
# 1000 times, SQS's most, a quarter of an hour apart.
_LOOK_AGAIN = Duration.minutes(15)
_MOST_LOOKS = 1000
_KEPT_FOR = Duration.days(14)
# A batch is looked at once, so that many files are no work.
_BATCH = 1000
_BATCH_WINDOW = Duration.seconds(30)
_AT_ONCE = 2  # Lambda's least


class Retraining(Construct):
    """A queue that keeps events back, and the function that looks whether they need a release.

    Attributes:
        alarms: on errors of the function, and on what was given up.
        listening: without it, nothing starts any more.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        bucket: s3.IBucket,
        key: kms.IKey,
        state_machine: sfn.IStateMachine,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings.retraining
        self._model_name = settings.names.model
        given_up = self._queue("GivenUp", key=key)
        queue = self._queue(
            "Queue",
            key=key,
            delivery_delay=Duration.minutes(self._settings.wait_minutes),
            visibility_timeout=_LOOK_AGAIN,
            dead_letter_queue=sqs.DeadLetterQueue(queue=given_up, max_receive_count=_MOST_LOOKS),
        )
        rules = self._rules(bucket, queue)
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EventsOfTheRules",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": [rule.rule_arn for rule in rules]}},
            )
        )
        retrain = Retrain(
            self,
            "Function",
            settings=settings,
            bucket=bucket,
            state_machine=state_machine,
            queue=queue,
            key=key,
        )
        self.listening = self._listen(queue, retrain).node
        self.alarms = self._alarms(retrain.function, given_up, topic)

    def _queue(self, construct_id: str, *, key: kms.IKey, **more: object) -> sqs.Queue:
        return sqs.Queue(
            self,
            construct_id,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=_KEPT_FOR,
            **more,  # type: ignore[arg-type]
        )

    def _rules(self, bucket: s3.IBucket, queue: sqs.Queue) -> Sequence[events.Rule]:
        # A queue of this stack would let the target write wildcard actions into the key's policy.
        target = targets.SqsQueue(sqs.Queue.from_queue_arn(self, "Target", queue.queue_arn))
        model, rules = self._model_name, []
        if self._settings.on_new_data:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
            pattern = events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created", "Object Deleted"],
                detail={
                    "bucket": {"name": [bucket.bucket_name]},
                    "object": {"key": [{"prefix": TRAIN_PREFIX}]},
                },
            )
            rule = events.Rule(
                self,
                "NewData",
                description=f"Training data of {model} has come or gone",
                event_pattern=pattern,
                targets=[target],
            )
            rules.append(rule)
        if self._settings.schedule:
            rule = events.Rule(
                self,
                "Schedule",
                description=f"It is time to train {model} again",
                schedule=events.Schedule.expression(self._settings.schedule),
                targets=[target],
            )
            rules.append(rule)
        return rules

    def _listen(self, queue: sqs.Queue, retrain: Retrain) -> lambda_.CfnEventSourceMapping:
        # The CDK's own event source would allow more actions on queue and key.
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Messages",
            function_name=retrain.function.function_arn,
            event_source_arn=queue.queue_arn,
            batch_size=_BATCH,
            maximum_batching_window_in_seconds=_BATCH_WINDOW.to_seconds(),
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(
                maximum_concurrency=_AT_ONCE
            ),
        )
        # Lambda checks when it makes the mapping whether the role may read the queue.
        mapping.node.add_dependency(retrain.role)
        return mapping

    def _alarms(
        self, function: lambda_.IFunction, given_up: sqs.Queue, topic: sns.ITopic
    ) -> list[cloudwatch.Alarm]:
        # Longer than the pause between two tries: what goes on is one alarm, not one for each.
        errors = function.metric_errors(period=_LOOK_AGAIN.plus(_LOOK_AGAIN), statistic="Sum")
        left = given_up.metric_approximate_number_of_messages_visible(
            period=Duration.minutes(5), statistic="Maximum"
        )
        model = self._model_name
        alarms = [
            alarm_at_once(
                self,
                "Failing",
                metric=errors,
                description=f"New data or time cannot start releases of model {model}: the "
                "function fails; its log says why. It is called again",
            ),
            alarm_at_once(
                self,
                "Waiting",
                metric=left,
                description=f"New data or time has not started a release of model {model} for "
                "ten days. Messages in the queue of what was given up say since when",
            ),
        ]
        for alarm in alarms:
            alarm.add_alarm_action(actions.SnsAction(topic))
        return alarms
