"""How passwords are kept in tests."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class Quick(PBKDF2PasswordHasher):
    """As the product keeps them, in fewer rounds."""

    iterations = 1_000
