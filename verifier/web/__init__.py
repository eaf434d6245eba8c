"""The page of the hosted verifier: its templates, style sheet and words.

Owns what a reader sees around a report. Leaves the words of the report to `verifier.words`.
"""
