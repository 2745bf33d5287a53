"""Canonical JSON is the same by whichever encoder it is written, and as the verifier writes it on its own."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from django.db.models import TextChoices

from handslag.kernel import canonical
from verifier.canonical import encode

SIGNS = "".join(map(chr, range(0x800))) + "\u2028\u2029\ud7ff\ue000\uffff\U00010000\U0001f600\U0010ffff"


class Word(TextChoices):
    SAID = "said"


def _drawn(random: Random, depth: int) -> Any:
    kind = random.randrange(6 if depth else 4)
    if kind == 4:
        return [_drawn(random, depth - 1) for _ in range(random.randrange(4))]
    if kind == 5:
        return {_text(random): _drawn(random, depth - 1) for _ in range(random.randrange(5))}
    return (None, random.random() < 0.5, random.randint(-(2**53) + 1, 2**53 - 1), _text(random))[kind]


def _text(random: Random) -> str:
    return "".join(random.choices(SIGNS if random.random() < 0.3 else SIGNS[:128], k=random.randrange(6)))


def test_whichever_encoder_writes_it_writes_what_the_verifier_does() -> None:
    random = Random(1)
    values = [SIGNS, *([sign] for sign in SIGNS), {SIGNS: SIGNS}, *(_drawn(random, 4) for _ in range(2_000))]
    assert {canonical._plain(value) for value in values} == {True, False}  # both encoders are tried
    for value in values:
        assert canonical.dumps(value) == encode(value), value
    assert canonical.dumps({"b": Word.SAID, "a": (1, Word.SAID)}) == b'{"a":[1,"said"],"b":"said"}'


@pytest.mark.parametrize(
    "wrong", [1.0, float("nan"), 2**53, -(2**53), "\ud800", b"x", {1: 2}, {"a": object()}, [[2**60]]]
)
def test_what_has_no_canonical_form_is_refused(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical.dumps(wrong)
