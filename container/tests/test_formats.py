"""Every reader of requests against Python's csv, float and json: any text, in any blocks.

The cases are the same at every run; with OTHER_CASES=1 in the environment, others at each.
"""

import csv
import io
import json
import os
import random
import re
import struct
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from plumbing import one_row
from plumbing.payload import CSV, JSON, JSON_LINES, BadRequestError
from readers import read

CASES = {CSV: 9000, JSON: 5500, JSON_LINES: 5500}
FIXED = "OTHER_CASES" not in os.environ
ran: Counter[str] = Counter()

# What an oracle says: the rows as doubles, or the number of the first bad row; None: refused.
Meaning = NDArray[np.float64] | int | None
WHOLE = 1 << 20
SIZES = st.sampled_from([1, 2, 3, 5, 8, 13, 21, 34, WHOLE])


def spelled(pieces: Sequence[str], longest: int) -> st.SearchStrategy[bytes]:
    """Up to ``longest`` pieces, one after the other. One draw of bytes is quick to make."""
    encoded = [piece.encode("utf-8", "surrogateescape") for piece in pieces]
    return st.binary(max_size=longest).map(
        lambda picks: b"".join([encoded[pick % len(encoded)] for pick in picks])
    )


NUMBERS = ["1", "2.5", "-3e2", "0", "-0", "-0.0", "00", "01", ".5", "5.", "+1", "1_0", "1e400"]
NUMBERS += ["-1E-5", "1e39", "9007199254740993", "18446744073709551616", "1" * 25, "4.9e-324"]
NUMBERS += ["2.2250738585072011e-308", "0.1000000000000000055511151231257827", "1e", "--1", "0x1"]
WORDS = ["nan", "inf", "-Infinity", "NaN", "x", "\u0661", "\u00bd", "\u00a01", "\udcff", "\0", ""]
CSV_PIECES = [*NUMBERS, *WORDS, "\ufeff", "_", "e", "-", '"', '"', '""', '"1"', '"1,2"', " ", "\t"]
CSV_PIECES += [",", ",", ",", ",", ",", "\n", "\n", "\n", "\r\n", "\r\n", "\r", "\n\n", " \n", "\f"]
CSV_PIECES += ["1,2\n", "3,4\n", "5,-0\r\n", "1e-5,7\n", "6,8\n", "1,2,3\n", "1\n", '"1","2"\n']


def first_bad(row: list[float], number: int, width: int, kind: type) -> int | None:
    with np.errstate(over="ignore"):
        finite = np.isfinite(np.array(row).astype(kind)).all()
    return None if len(row) == width and finite else number


def csv_meaning(body: bytes, width: int, kind: type) -> Meaning:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    rows: list[list[float]] = []
    number = blank = 0
    try:
        for number, fields in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1):
            if not "".join(fields).strip() and len(fields) <= 1:
                blank = blank or number
                continue
            if blank:
                return blank
            if any("_" in field or not field.isascii() for field in fields):
                return number
            row = [float(field) for field in fields]
            if first_bad(row, number, width, kind):
                return number
            rows.append(row)
    except csv.Error:
        return number + 1
    except ValueError:
        return number
    return np.array(rows) if rows else None


def json_row(value: object) -> list[float] | None:
    """The numbers of a row of JSON; None if it is none."""
    for name in ("data", "features", "values"):
        if isinstance(value, dict) and "keys" not in value:
            value = value.get(name, value)
    if type(value) is not list or any(type(number) not in (int, float) for number in value):
        return None
    row = []
    for number in value:
        try:
            row.append(float(number))
        except OverflowError:
            row.append(float("inf"))
    return row


def rows_meaning(values: list[object], width: int, kind: type) -> Meaning:
    rows = []
    for number, value in enumerate(values, 1):
        row = json_row(value)
        if row is None or first_bad(row, number, width, kind):
            return number
        rows.append(row)
    return np.array(rows)


def json_meaning(body: bytes, width: int, kind: type) -> Meaning:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    values = content.get("instances") if isinstance(content, dict) else None
    return rows_meaning(values, width, kind) if isinstance(values, list) and values else None


def json_lines_meaning(body: bytes, width: int, kind: type) -> Meaning:
    values: list[object] = []
    lines = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    while lines and not lines[-1].strip(b" \t\r\n"):
        lines.pop()
    for line in lines:
        try:
            values.append(json.loads(line.decode()))
        except (ValueError, RecursionError):
            values.append(None)
    return rows_meaning(values, width, kind) if values else None


def check(kind: str, body: bytes, width: int, size: int, type_: type, meaning: Meaning) -> None:
    """The reader says what the oracle says, and the same in blocks of any size."""
    ran[kind] += 1
    told: dict[int, str | bytes] = {}
    for blocks in (size, WHOLE):
        try:
            told[blocks] = read(kind, body, width=width, feature_type=type_, size=blocks).tobytes()
        except BadRequestError as error:
            told[blocks] = str(error)
    got = told[WHOLE]
    if isinstance(meaning, np.ndarray):
        assert got == meaning.astype(type_).tobytes()
    else:
        assert isinstance(got, str)
        if meaning is not None:
            assert re.match(rf"Row {meaning}\b", got), got
    # Wrong in several ways: which is told first is free. And twice the same name may be refused.
    if kind == JSON and (meaning is None or body.count(b'"instances"') > 1):
        assert told[size] == got or isinstance(told[size], str)
    else:
        assert told[size] == got
    one = {CSV: one_row.from_csv, JSON: one_row.from_json}.get(kind)
    row = one(body, width=width, feature_type=type_) if one else None
    assert row is None or row.tobytes() == got


Case = tuple[bytes, int, int, type]
TYPES = st.sampled_from([np.float32, np.float64])
Build = Callable[[random.Random, int, float], str]


def cases(pieces: Sequence[str], longest: int, build: Build) -> st.SearchStrategy[Case]:
    """Bodies of any pieces, and as many that ``build`` made of good rows and a share of bad ones.

    A seed is quick to draw, however long what is built from it.
    """

    def built(seed: int, width: int, size: int, type_: type) -> Case:
        chance = random.Random(seed)  # noqa: S311 - only test data
        body = build(chance, width, chance.choice([0, 0, 0.02, 0.1, 0.5]))
        return body.encode("utf-8", "surrogateescape"), width, size, type_

    width = st.integers(1, 4)
    spelled_ones = st.tuples(spelled(pieces, longest), width, SIZES, TYPES)
    return spelled_ones | st.builds(built, st.integers(0, 2**64), width, SIZES, TYPES)


def number(chance: random.Random) -> str:
    """A finite number as programs write it, often at a border of what doubles can tell apart."""
    kind = chance.randrange(5)
    if kind == 0:
        return str(chance.choice([1, -1]) * chance.getrandbits(chance.choice([1, 8, 53, 63])))
    if kind == 1:
        return f"{chance.uniform(-9, 9):.{chance.randrange(4)}f}"
    if kind == 2:
        return f"{chance.uniform(-1, 1):.{chance.randrange(30)}e}"
    value = struct.unpack("d", chance.randbytes(8))[0]
    return repr(value if kind == 3 and abs(value) < 1e38 else chance.gauss(0, 1))


def csv_body(chance: random.Random, width: int, share: float) -> str:
    ending = chance.choice(["\n", "\n", "\n", "\r\n", "\r"])
    text = chance.choice(["", "", "\ufeff"])
    for _ in range(chance.randrange(9)):
        fields = [number(chance) for _ in range(width)]
        if chance.random() < share:
            fields[chance.randrange(width)] = chance.choice(CSV_PIECES)
        if chance.random() < share:
            fields = [f'"{field}"' for field in fields]
        text += ",".join(fields) + (
            chance.choice(CSV_PIECES) if chance.random() < share else ending
        )
    return text + chance.choice(["", "", "", number(chance), ending, " \n\n"])


def json_list(chance: random.Random, width: int, share: float) -> str:
    if chance.random() < share:
        return chance.choice(LISTS)
    fields = [number(chance) for _ in range(width)]
    if chance.random() < share:
        fields[chance.randrange(width)] = chance.choice([*NUMBERS, *WORDS])
    return f"[{chance.choice([',', ', ']).join(fields)}]"


def json_body(chance: random.Random, width: int, share: float) -> str:
    rows = [json_list(chance, width, share) for _ in range(chance.randrange(9))]
    comma = chance.choice([",", ", ", ",\n  ", " ,"])
    head, tail = '{"instances":[', "]}"
    if chance.random() < share:
        head, tail = chance.choice(HEADS), chance.choice(TAILS)
    if chance.random() < share / 2:
        comma = chance.choice(["", ",,", " "])
    return head + comma.join(rows) + tail


def json_lines_body(chance: random.Random, width: int, share: float) -> str:
    begin, end = chance.choice([("", ""), ('{"features":', "}"), ('{"features": ', "}")])
    text = ""
    for _ in range(chance.randrange(9)):
        line = begin + json_list(chance, width, share) + end
        if chance.random() < share:
            line = json_list(chance, width, share)
        text += line + (chance.choice(LISTS) if chance.random() < share / 2 else "\n")
    return text + chance.choice(["", "", "\n \n", json_list(chance, width, share)])


@settings(max_examples=CASES[CSV], derandomize=FIXED, deadline=None)
@given(cases(CSV_PIECES, 14, csv_body))
@example((b"1,\n2\n", 2, 1, np.float64))
@example((b'1,2\n"3\n",4\n5,x\n', 2, 1, np.float64))
@example((b"1,2\n3,nan\n4,x\n", 2, 1, np.float64))
def test_csv_means_what_csv_and_float_say(case: Case) -> None:
    body, width, size, type_ = case
    check(CSV, body, width, size, type_, csv_meaning(body, width, type_))


LISTS = ["[1,2]", "[3, 4.5]", "[-0,1e5]", "[ 1e-5 ,7 ]", "[9007199254740993,-0.0]", "[6,8]", "[1]"]
LISTS += ["[1,2,3]", "[1e39,1]", "[1,1e400]", "[1,18446744073709551616]", f"[1,1{'0' * 400}]"]
LISTS += ["[NaN,1]", "[1,-Infinity]", "[01,2]", "[1,.5]", "[1,+2]", "[1 2]", "[]", "[[1,2]]"]
LISTS += ["[1,[2]]", "null", "[null,1]", "[true,1]", '["1",2]', "1", '{"features":[1,2]}', "{}"]
LISTS += ['{"features": [3,4]}', '{"data":{"features":{"values":[5,6]}}}', '{"features":1,2]}']
LISTS += ['{"features":[1,2],"features":[3,4]}', '{"data":{"features":{"keys":[0],"values":[5]}}}']
LISTS += ['{"features":5[1,2]}', '[1{"features":2]}', "{[1,2]}", '{"x":[1,2]}', "[1,2", "1]", "]"]
LISTS += ["\ufeff", "\udcff", "\0", '"\u00e9"', "[" * 1100, "[1,2]3", "4[1,2]", " ", "\t", "\r"]
GOOD = LISTS[:6]
HEADS = ['{"instances":[', ' { "instances" : [ ', '{"x":[', "[", '{"instances":[[1]],"instances":[']
TAILS = ["]}", "]}\n", '],"instances":[[5,6]]}', '],"x":1}', "]", "}", "]}]", "]} x", ",]}"]
JSON_PIECES = [
    *NUMBERS,
    *GOOD,
    "[",
    "[",
    "]",
    "]",
    ",",
    ",",
    "{",
    "}",
    ":",
    '"',
    '"instances"',
    " ",
]
JSON_PIECES += ['{"instances":[', '{"instances":[', "]}", "]}", "\\", "null", "\ufeff", "\udcff"]


@settings(max_examples=CASES[JSON], derandomize=FIXED, deadline=None)
@given(cases(JSON_PIECES, 9, json_body))
@example((b'{"instances":[[1,2],[3,x],[NaN,1]]}', 2, 1, np.float64))
@example((b'{"instances":[[true,1]]}', 2, WHOLE, np.float64))
def test_json_means_what_json_says(case: Case) -> None:
    body, width, size, type_ = case
    check(JSON, body, width, size, type_, json_meaning(body, width, type_))


LINES = [*(row + "\n" for row in (*GOOD, *GOOD, *GOOD)), *LISTS, "\n", "\n", "\n", "\r\n", " \n"]
LINES += ['{"features":[1,2]}\n', '{"features": [3, -0]}\n', '{"features":[5,6.5]}\r\n'] * 4


@settings(max_examples=CASES[JSON_LINES], derandomize=FIXED, deadline=None)
@given(cases(LINES, 7, json_lines_body))
def test_json_lines_mean_what_json_says_of_each(case: Case) -> None:
    body, width, size, type_ = case
    check(JSON_LINES, body, width, size, type_, json_lines_meaning(body, width, type_))


def test_these_are_enough_cases_and_they_were_run() -> None:
    assert sum(CASES.values()) >= 20_000
    assert {kind: count for kind, count in ran.items() if count < CASES[kind]} == {}
