"""Two organisations prove that their accounts of each other are equal to the cent; see README.md."""
