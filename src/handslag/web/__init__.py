"""The counters: one folder each; what they share lies in ui."""
