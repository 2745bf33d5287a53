"""Handslag: social assistance without media breaks."""
