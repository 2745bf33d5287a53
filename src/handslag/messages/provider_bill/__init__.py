"""An institution bills what a payer approved for one of its people (I4); see README.md."""
