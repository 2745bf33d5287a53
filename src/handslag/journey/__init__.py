"""One application driven through the running product over HTTP, as the people who would do it.

`application` is the file that says what happens, `browser` a person with a cookie jar, `chain` the steps.
Nothing here reads or writes the database.
"""
