"""A development e-ID: an OpenID provider where anybody may be anybody. Imports nothing of handslag."""
