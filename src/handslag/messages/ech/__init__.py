"""The frame of eCH around a message: `frame.py` writes and reads it, the XSDs say what stands in it."""
