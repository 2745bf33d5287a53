"""The caseworker's counter: register, take from the inbox, assess, decide, pay."""
