"""A telephone number as people write it, as a gateway takes it."""

import pytest

from handslag.connectors.notices.port import Malformed
from handslag.connectors.notices.sms import number


def test_a_number_is_read_as_people_of_the_country_write_it() -> None:
    written = ("070-174 06 05", "+46 (0)70-174 06 05", "0046 (0) 70 174 06 05", "+46 070 174 06 05", "070/1740605")
    for text in (*written, "+46701740605", "070\u2013174\u00a006\u201005"):
        assert number(text, "SE") == "+46701740605", text
    assert number("+46 70 174 06 05", "CH") == "+46701740605"
    assert (number("079 174 06 05", "CH"), number("0171 740605", "DE")) == ("+41791740605", "+49171740605")
    assert number("+39 06 174 06 05", "SE") == "+39061740605"  # elsewhere it may begin with 0
    for text in ("", "070", "46701740605", "070-174 06 05 (arbetet)", "+460"):
        with pytest.raises(Malformed):
            number(text, "SE")
