"""The requests of a batch transform job and what becomes of their answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import urllib3

from local.sagemaker import filters
from local.sagemaker.batching import Batch, PayloadTooLargeError, batches, split_lines
from local.sagemaker.errors import JobFailedError, JobStoppedError
from local.sagemaker.jobs import Job
from local.sagemaker.serving import Server
from local.sagemaker.transform_plan import TransformPlan

_SEE_LOG = "See job logs for more information"


def transform_file(
    data: bytes, *, plan: TransformPlan, server: Server, job: Job, source: str
) -> bytes:
    """The output file for one input file.

    `source` names the input in the log. Raises JobFailedError when a request fails for good, and
    JobStoppedError when the job is asked to stop.
    """
    try:
        requests = list(_requests(data, plan))
        output = bytearray()
        for batch, answer in _answers(requests, plan, server, job, source):
            output += _assemble(batch, answer, plan)
    except (filters.FilterError, PayloadTooLargeError, UnicodeDecodeError) as error:
        job.note(f"{source}: {error}")
        raise JobFailedError(f"ClientError: {_SEE_LOG}") from error
    return bytes(output)


def _requests(data: bytes, plan: TransformPlan) -> Iterator[Batch]:
    content_type = plan.content_type or ""
    if not plan.split_lines:
        body = data
        if not plan.input_filter.is_identity:
            selected = plan.input_filter.apply(filters.decode(data.decode(), content_type))
            body = filters.encode(selected, content_type).encode()
        if plan.most_bytes is not None and len(body) > plan.most_bytes:
            raise PayloadTooLargeError(
                f"{len(body)} bytes are more than the {plan.most_bytes} allowed"
            )
        records = (data.decode(),) if plan.processes_records else ("",)
        yield Batch(body=body, records=records)
        return
    lines = split_lines(data)
    if plan.input_filter.is_identity:
        pairs = [(line, line) for line in lines]
    else:
        pairs = [
            (
                line,
                filters.encode(
                    plan.input_filter.apply(filters.decode(line, content_type)), content_type
                ),
            )
            for line in lines
        ]
    yield from batches(pairs, multi_record=plan.multi_record, most_bytes=plan.most_bytes)


def _answers(
    requests: list[Batch], plan: TransformPlan, server: Server, job: Job, source: str
) -> Iterator[tuple[Batch, bytes]]:
    """Send at most `plan.concurrency` requests at once; give the answers in the input's order."""
    waiting: deque[tuple[Batch, Future[bytes]]] = deque()
    todo = iter(requests)
    with ThreadPoolExecutor(plan.concurrency) as pool:
        try:
            while True:
                while len(waiting) < plan.concurrency and (batch := next(todo, None)) is not None:
                    waiting.append((batch, pool.submit(_send, batch, plan, server, job, source)))
                if not waiting:
                    return
                first, future = waiting.popleft()
                while not wait([future], timeout=0.1).done:
                    job.check_stop()
                yield first, future.result()
        except JobStoppedError:
            server.container.stop(0)  # ends the requests that are still under way
            raise
        finally:
            for _, future in waiting:
                future.cancel()


def _send(batch: Batch, plan: TransformPlan, server: Server, job: Job, source: str) -> bytes:
    headers = {}
    if plan.content_type:
        headers["Content-Type"] = plan.content_type
    if plan.accept:
        headers["Accept"] = plan.accept
    for attempt in range(plan.retries + 1):
        job.check_stop()
        try:
            answer = server.http.request(
                "POST",
                f"{server.container.url}/invocations",
                body=batch.body,
                headers=headers,
                timeout=plan.timeout,
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            job.check_stop()
            job.note(f"{source}: Unable to get response from algorithm: {error}")
            if server.container.wait(0) is not None:
                break
            continue
        if 200 <= answer.status < 300:
            return answer.data
        kind = "ClientError" if answer.status < 500 else "AlgorithmError"
        job.note(f"{source}: {kind}: {answer.status}")
        job.note(f"{source}: Message: {answer.data.decode(errors='replace')[:2000]}")
        if answer.status < 500 or attempt == plan.retries:
            raise JobFailedError(f"{kind}: {_SEE_LOG}")
    raise JobFailedError(f"AlgorithmError: {_SEE_LOG}")


def _assemble(batch: Batch, answer: bytes, plan: TransformPlan) -> bytes:
    if not plan.join_input and plan.output_filter.is_identity:
        needs_break = plan.assemble_lines and not answer.endswith(b"\n")
        return answer + b"\n" if needs_break else answer
    content_type = plan.content_type or ""
    lines = split_lines(answer) if plan.split_lines else [answer.decode()]
    if len(lines) != len(batch.records):
        raise filters.FilterError(
            f"the algorithm answered {len(lines)} records for {len(batch.records)} sent"
        )
    output = []
    for record, line in zip(batch.records, lines, strict=True):
        prediction = filters.decode(line, content_type)
        if plan.join_input:
            original = filters.decode(record, content_type)
            prediction = filters.join(original, prediction, content_type)
        output.append(filters.encode(plan.output_filter.apply(prediction), content_type))
    separator = "\n" if plan.assemble_lines else ""
    return "".join(line + separator for line in output).encode()
