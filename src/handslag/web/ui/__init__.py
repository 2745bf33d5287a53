"""Layouts, components, form fields and figures that every counter shares."""
