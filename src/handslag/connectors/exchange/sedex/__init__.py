"""Messages by the file interface of the sedex client: folders with pairs of envelope and data, and receipts; see
README.md. `envelope.py` writes and reads what stands in eCH-0090, `folders.py` puts files there and takes them away."""
