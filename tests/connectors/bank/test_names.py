"""A payee's name in any script leaves the others' money alone."""

import pytest

from handslag.connectors.bank.pain001_se.profile import Profile
from handslag.domain.people.names import BankText


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Petra Åberg", "Petra Åberg"),
        ("Олена Ковальчук", "Olena Koval'cuk"),
        ("李 小龙", "li xiao long"),
        ("العلي", "ally"),
        ("ʿAlī Ḥusayn", "Ali Husayn"),
        ("Νίκος Παπαδόπουλος", "Nikos Papadopoulos"),
        ("Ŋaala Ɓa Kɔfi Ƙwame", "Naala Ba Kofi Kwame"),
        ("Anna 🙂", "Anna ?"),
    ],
)
def test_a_name_in_another_script_is_written_in_latin_letters(name: str, written: str) -> None:
    assert BankText(Profile().letters).plain(name, 70) == written


@pytest.mark.parametrize("name", ["نور الحسن محمد", "ሰላም ተስፋዬ", "יעל כהן", "สมชาย ใจดี", "سعيد عائشة", "يَعْقوب"])
def test_no_script_leaves_nothing(name: str) -> None:
    written = BankText(Profile().letters).plain(name, 70)
    assert written is not None
    assert "?" not in written


@pytest.mark.parametrize("name", ["Anna ភ្នំ ចាន់", "བསོད་ Dorje", "Adlam 𞤀𞤣", "𠮷野", "Eva ʔ"])
def test_a_name_of_which_a_letter_would_be_lost_cannot_be_said(name: str) -> None:
    assert BankText(Profile().letters).plain(name, 70) is None
