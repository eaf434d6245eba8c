"""The checks of section 15 of docs/format.md, one function for each numbered step.

Owns what each step asks of the material and which reason it gives where the answer is no. A check
takes unverified material and returns a finding, with the value that it verified where later steps
need one. Leaves the order of the steps and the report to `verifier.verify`, and how a proof is
verified to `evidence` and `chain`, whose errors become findings here.

Where several reasons apply to one finding, a check gives the first in the order of `Reason`. So a
value that an earlier step could not establish gives PREREQUISITE_FAILED only after everything that
can be decided without it.

    files     1 bundle, 2 trust, 13 exhibit
    entries   3 signatures, 4 stream, 5 particulars
    log       6 checkpoint, 7 inclusion, 8 consistency
    times     9 timestamp, 12 times
    ledger    10 anchor, 11 completeness
"""
