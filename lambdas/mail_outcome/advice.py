"""What to do about a failure: by its name where the name says it all, else by its family."""

from __future__ import annotations

from mail_outcome.endpoint_advice import endpoint_advice, unwatched

_WORKFLOW_ITSELF = (
    "The workflow's own definition failed, not the model. Open the execution: the failed step "
    "shows its expression and its data. Mend the step in mlops_stacks, deploy, and release again."
)

_BY_NAME = {
    "InvalidReleaseInput": (
        "Start the workflow again with the tag of an image and the image itself, as the pipeline "
        'does: {"commitID": "<tag>", "imageUri": "<repository>@<digest>"}. To put an approved '
        'version back, start it with {"modelPackageArn": "<ARN of the version>"}. Nothing was '
        "trained or changed."
    ),
    "EndpointStuck": (
        "The endpoint serves badly or not at all, and SageMaker does not mend it by itself. Look "
        "at it with `aws sagemaker describe-endpoint`; put it on a configuration that worked with "
        "`aws sagemaker update-endpoint`, or delete it so that the next release makes a new one. "
        "Then release again."
    ),
    "PreflightFailed": (
        "Do what is said above, all of it: these are all the reasons that could be found in "
        "advance. Then release again. Nothing was trained, paid for or changed."
    ),
    "ApproversNotConfirmed": (
        "Too few approvers can answer, so nobody was asked and nothing was released. The reason "
        "above says who must do what. Once they have, release again."
    ),
    "HeldOutDataChanged": (
        "Files under test/ in the data bucket changed while the release ran, so that its figures "
        "would be of two different tests. Nobody was asked, and the endpoint is as it was. Release "
        "again, and leave test/ as it is until the approval mail comes."
    ),
    "EndpointUnhealthy": (
        "An alarm of the endpoint rings already, and would take back any new model. If the live "
        "model makes it ring, put a version back that worked (`make rollback`), which asks no "
        "alarm; or wait until the alarm is quiet. Then release again. The new version stays "
        "approved: if it is the cure itself, `make rollback VERSION=<its number>` puts it onto the "
        "endpoint."
    ),
    "NoHeldOutData": (
        "There is nothing to measure a model on. Put CSV files (label first, no header) under "
        "test/ in the data bucket, as the reason above says; then release again. Nothing was "
        "trained or changed."
    ),
    "NoTrainingData": (
        "There is nothing to train on. Put CSV files (label first, no header) under train/ in the "
        "data bucket, as the reason above says; then release again. Nothing was trained or "
        "changed."
    ),
    "OfferDiffers": (
        "What the first environment offers is not what this run of the pipeline has built, so "
        "nothing was taken from it. Start the pipeline again: it builds or finds the image once, "
        "and hands image and model from one environment to the next. Nothing was changed here."
    ),
    "OfferMissing": (
        "The first environment has released no model in this run of the pipeline, so there is "
        'none to take. See what became of its release, mend that, and choose "Retry stage" there; '
        "then here. Nothing was changed here."
    ),
    "OfferRefused": (
        "This environment was not let into the first one's bucket or key; the reason above names "
        "the action. The grants are made with the first environment's Foundation stack, for roles "
        'by name: deploy it anew ("Retry stage" of its stage, or start the pipeline again), then '
        "retry here. If the offer is not there at all, retry the first environment's release. "
        "Nothing was changed here."
    ),
    "ReleaseSuperseded": (
        "Another release was approved at the same time and changed the endpoint after this one. "
        "Its model serves now, not this one. If that is right, nothing is to be done; otherwise "
        "release this commit again."
    ),
    "SmokeTestFailed": (
        "The endpoint does not answer as the tested model did. Read its log in CloudWatch under "
        "/aws/sagemaker/Endpoints and look for what differs from the batch transform, such as "
        "randomness or state in the serving code. Mend that, then commit."
    ),
    "UnknownVersion": (
        "Name a version that this project has registered: `make versions` and SageMaker's model "
        "registry list them with their ARNs. Nothing was changed."
    ),
    "VersionNotApproved": (
        "Only a version that people have approved can be put back. Name another one, or release "
        "its commit, so that it is tested and approved. Nothing was changed."
    ),
    "VersionIncomplete": (
        "That version cannot be deployed as it is. Release its commit anew, or put another version "
        "back. Nothing was changed."
    ),
    "TooManyClasses": (
        "If the labels are numbers to predict rather than names of classes, set model.task = "
        '"regression" in settings.toml and commit. Else look for a column that is no label at '
        "the beginning of the files under test/ in the data bucket."
    ),
    "TooManyPredictionObjects": (
        "There are too many files under test/ in the data bucket, or their names are too long, for "
        "their predictions to be evaluated. Join them into fewer, larger ones; then release again."
    ),
    "TransientError": (
        "AWS was throttling or out of reach, also after several tries. Nothing is wrong with the "
        "model: release again later."
    ),
    "Sandbox.Timedout": (
        "The step's function took longer than it may, also after several tries. Its log in "
        "CloudWatch shows how far it came; give it more time in mlops_stacks if its work is "
        "large, deploy, and release again."
    ),
    "States.DataLimitExceeded": (
        "A step's data was larger than the 256 KiB that Step Functions takes. Open the execution "
        "to see which; store what is large in the data bucket and hand over its key."
    ),
    "States.Runtime": _WORKFLOW_ITSELF,
    "States.QueryEvaluationError": _WORKFLOW_ITSELF,
}

# How long a step may take: https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
_TIMED_OUT = {
    "Train the model": (
        "The training took longer than training.max_runtime_minutes in settings.toml (with spot, "
        "training.max_wait_minutes) and half an hour in the queue. Raise the limit or take a "
        "larger instance there, or train on less data; then release again. The job's log in "
        "CloudWatch shows how far it came."
    ),
    "Predict the held-out data": (
        "The batch transform took longer than twelve hours. Take a larger instance or more of "
        "them under [transform] in settings.toml, or put less data under test/; then release "
        "again."
    ),
}
_HELD_OUT = (
    "The held-out data could not be predicted. Most often a file under test/ in the data bucket "
    "has a header line, a missing value, or text where a number belongs. The transform job's log "
    "in CloudWatch, under /aws/sagemaker/TransformJobs, says what was refused: mend that file, or "
    "the model if 'serve' itself failed, then release again."
)

_DATA_REMOVED = (
    "Data was removed from the data bucket while the release ran, as the reason above says. Nobody "
    "was asked, and the endpoint is as it was. Put the data back, then release again."
)

_Family = tuple[tuple[str, ...], str]
# The first family with a matching word gives the advice; words are compared in lower case.
_INFRASTRUCTURE: tuple[_Family, ...] = (
    (
        ("accessdenied", "not authorized", "access denied", "unauthorized", "forbidden"),
        "A role lacks a permission. The reason names the role, the action and the resource: grant "
        "it in the stack that owns the role, deploy, and release again.",
    ),
    (
        ("resourcelimitexceeded", "servicequotaexceeded", "limit exceeded", "service limit"),
        "A quota of the account is used up. Stop what is not needed, choose another instance type "
        "in settings.toml, or ask for more in Service Quotas; then release again.",
    ),
    (
        (
            "capacityerror",
            "compute capacity",
            "insufficient capacity",
            "insufficientinstancecapacity",
        ),
        "AWS has no such instance free at the moment. Nothing is wrong with the model. This is not "
        "tried again by itself: release again later, or choose another instance type in "
        "settings.toml.",
    ),
    (
        ("throttl", "toomanyrequests", "serviceunavailable", "serviceexception"),
        _BY_NAME["TransientError"],
    ),
    (
        (
            "cannotpull",
            "cannot pull",
            "pull the image",
            "cannotstartcontainer",
            "imagenotfound",
            "repositorynotfound",
            "manifest",
            "requested image",
            "image does not exist",
        ),
        "The container image could not be used. Check that the image below exists in the registry "
        "and starts with 'train' and 'serve'; build it again by releasing the commit again.",
    ),
)
_MODEL: tuple[_Family, ...] = (
    (
        ("algorithmerror: hyperparameter",),
        "Compare [model.hyperparameters] in settings.toml with Hyperparameters in "
        "container/model.py. The settings that are deployed count: commit and push, or deploy "
        "them first where a release is started by hand.",
    ),
    (
        ("malformedpredictions", "nopredictions", "samplerowtoolarge"),
        "The predictions on the held-out data could not be evaluated. Check the data under test/ "
        "in the data bucket (CSV, label first, no header) and that 'serve' writes one line for "
        "each row; then release again.",
    ),
    (
        (
            "algorithmerror",
            "clienterror",
            "could not convert",
            "valueerror",
            "no s3 objects",
            "no such file",
            "badrecord",
            "bad data",
        ),
        "The model's own code failed, or its data did. Check the data under train/ and test/ in "
        "the data bucket and the job's log in CloudWatch under /aws/sagemaker; mend the cause, "
        "then commit or release again.",
    ),
    (
        ("timeout", "timed out", "maxruntimeexceeded", "maxwaittimeexceeded"),
        "The step took longer than it may. Look at its log for what it was doing; give it more "
        "time or a larger instance in settings.toml, and release again.",
    ),
)
_OTHERWISE = (
    "Open the execution, look at the failed step's input and error, mend the cause, and release "
    "again. A retry is safe: every execution names its own jobs."
)


def advice(*, error: str, reason: str, state: str = "") -> str:
    """What to do next, by the error's name, the state it came from, and the reason given."""
    return _by_name_or_family(error=error, reason=reason, state=state) + unwatched(state)


def _by_name_or_family(*, error: str, reason: str, state: str) -> str:
    of_endpoint = endpoint_advice(
        error=error,
        reason=reason,
        state=state,
        infrastructure=lambda sign: _family(sign, _INFRASTRUCTURE),
    )
    if of_endpoint:
        return of_endpoint
    if error == "States.Timeout" and state in _TIMED_OUT:
        return _TIMED_OUT[state]
    if state == "Look at the data again" and error in {"NoHeldOutData", "NoTrainingData"}:
        return _DATA_REMOVED
    if error in _BY_NAME:
        return _BY_NAME[error]
    held_out = state == "Predict the held-out data"
    families = _INFRASTRUCTURE if held_out else _INFRASTRUCTURE + _MODEL
    otherwise = _HELD_OUT if held_out else _OTHERWISE
    # The error's name is the surer sign, so it is asked first.
    return _family(error, families) or _family(reason, families) or otherwise


def _family(sign: str, families: tuple[_Family, ...]) -> str | None:
    sign = sign.lower()
    return next((text for words, text in families if any(word in sign for word in words)), None)
