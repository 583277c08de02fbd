"""An invented municipality for demonstrations and measurements.

Rows are written in bulk and dated in the past, so they pass the database's constraints but not the actions,
which date everything today. Routines go through the actions, since their PDFs must be real.
"""
