"""Switzerland: Sozialhilfe after the SKOS guidelines, with thin layers for Zurich (zh) and Bern (be)."""
