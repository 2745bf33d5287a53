<<<<<<< HEAD
"""The counters: one folder each; what they share lies in ui."""
=======
"""The counters: one folder per kind of person who uses the product."""
>>>>>>> dd0f0fb (Let requests in: hosts, sessions, pages behind the door)
