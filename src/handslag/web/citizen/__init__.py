"""The citizen's counter: renew, follow, see the decision and the money."""
