"""What people, copy and paste, and attackers type. Every value may stand in every field of every form."""

VALUES = {
    "beyond float": "1e400",
    "not a number": "NaN",
    "infinite": "-Infinity",
    "2^63": "9223372036854775808",
    "four hundred digits": "9" * 400,
    "five thousand digits": "9" * 5_000,
    "negative": "-1",
    "ambiguous groups": "1.250",
    "Arabic digits": "\u0664\u0663\u0669\u0660",
    "Arabic date": "\u0662\u0660\u0662\u0666-\u0661\u0661-\u0660\u0661",
    "mathematical digits": "\U0001d7d9\U0001d7da",
    "superscript": "\u00b2",
    "hexadecimal": "0x10",
    "underscores": "1_000",
    "no such month": "2026-13-45",
    "no such day": "2026-02-30",
    "year zero": "0000-00-00",
    "year 10000": "99999-01-01",
    "script": "<script>alert('x')</script>",
    "attribute": '" autofocus onfocus="alert(1)',
    "template": "{{ 7*7 }}{% debug %}${7*7}",
    "SQL": "' OR 1=1; DROP TABLE people_person; --",
    "percent": "%s %(x)s %00",
    "NUL": "a\x00b",
    "control characters": "a\x07\x1b[31m\x7fb",
    "header": "x\r\nSet-Cookie: session=stolen",
    "bidi override": "\u202egpj.exe\u2066",
    "zero width": "a\u200b\u200d\ufeffb",
    "combining flood": "e" + "\u0301" * 300,
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "lone surrogate": "a\ud800b",
    "noncharacter": "\ufffe\uffff",
    "only spaces": " \u00a0\u2003 ",
    "no uuid": "not-a-uuid",
    "unknown uuid": "01890000-0000-7000-8000-000000000000",
    "path": "../../../../etc/passwd",
    "long word": "W" * 5_000,
}


def encoded(value: str) -> bytes:
    """As a form sends it; a lone surrogate as the three bytes that some programs make of it."""
    return value.encode("utf-8", "surrogatepass")
