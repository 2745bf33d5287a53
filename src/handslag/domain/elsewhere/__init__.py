"""Cases that another case system works, this product being its e-service: who is known there, what is handed over to
it, what it says of status, payments and decisions."""
