"""Two implementations of the same forms agree: canonical JSON, Merkle trees, nonces, payment files."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handslag.connectors.eid.oidc.evidence import signing_nonce
from handslag.domain.audit.blocks import tree_hash
from handslag.kernel import canonical
from tests.office import eid_evidence
from verifier.blocks import merkle_root
from verifier.canonical import NotCanonical, encode
from verifier.files import read_pain001, sealed_size
from verifier.signatures import BadSignature, check_eid_evidence

_text = st.text(st.characters(exclude_categories=["Cs"]))
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_text, inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(_json)
def test_canonical_json_is_the_same_on_both_sides(value: Any) -> None:
    assert encode(value) == canonical.dumps(value)


def test_canonical_json_of_the_standard() -> None:
    # RFC 8785, 3.2.3: the order of keys by UTF-16 code units
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    value = {key: place for place, key in enumerate(keys)}
    ordered = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert (
        encode(value).decode()
        == "{" + ",".join(f'"{chr(92) + "r" if key == chr(13) else key}":{value[key]}' for key in ordered) + "}"
    )
    for refused in (1.0, 2**53, {1: 2}, b"x", "\ud800"):
        with pytest.raises(NotCanonical):
            encode(refused)


def test_merkle_trees_of_the_standard() -> None:
    # the test vectors of Certificate Transparency (RFC 6962): leaves and the roots of trees of 0 to 8 of them
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    contents = [bytes.fromhex(leaf) for leaf in leaves]
    for size, root in enumerate(roots):
        assert merkle_root(contents[:size]) == tree_hash(contents[:size]).hex() == root


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=8), max_size=40))
def test_merkle_trees_are_the_same_on_both_sides(leaves: list[bytes]) -> None:
    assert merkle_root(leaves) == tree_hash(leaves).hex()


def test_the_evidence_of_a_signature() -> None:
    digest = hashlib.sha256(b"what was shown").hexdigest()
    evidence = eid_evidence(digest, "199006159809")
    assert check_eid_evidence(evidence, digest)["nonce"] == signing_nonce(digest, evidence["salt"])
    other = eid_evidence(digest, "199006159809")
    broken = [
        {"digest": hashlib.sha256(b"else").hexdigest()},
        {"salt": other["salt"]},
        {"acr": "x"},
        {"issuer": "https://other.example"},
        {"client_id": "x"},
        {"auth_time": 1},
        {"jwk": {**evidence["jwk"], "x": evidence["jwk"]["y"]}},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"id_token": evidence["id_token"][:-2]},
        {"format": "oidc-nonce-2"},
    ]
    for change in broken:
        with pytest.raises(BadSignature):
            check_eid_evidence({**evidence, **change}, digest)
    with pytest.raises(BadSignature):
        check_eid_evidence(evidence, hashlib.sha256(b"else").hexdigest())


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 200_000])
def test_the_length_of_a_sealed_file(size: int, tmp_path: Any) -> None:
    import io

    from handslag.connectors.store.port import for_tenant
    from handslag.kernel.ids import uuid7
    from verifier.files import opened

    content, key, name = bytes(size), b"k" * 32, uuid7()
    for_tenant(tmp_path, key).write(name, io.BytesIO(content))
    sealed = next(tmp_path.glob(f"??/{name}")).read_bytes()
    assert len(sealed) == sealed_size(size)
    assert opened(key, name, sealed) == content


def test_a_payment_file_with_a_document_type_is_refused() -> None:
    with pytest.raises(ValueError, match="document type"):
        read_pain001(b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>")
