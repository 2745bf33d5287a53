"""What a case system says of somebody who wants to use the e-service; see README.md."""
