"""What becomes of a workflow when one of its pieces fails.

    python examples/workflow/cleanup.py

It needs a service named `sns` with `run.zip` in your area there, and nothing by the name of
`lost.zip`. A reduction is tried three times in all; what needs its curve is cancelled, with
the cause; a note is left because it failed; and what does not need it goes on.
"""

from reflectometry.notes import leave_note
from reflectometry.oxide import chisq_with
from reflectometry.reduction import SnsReduce

import park

with park.remote_service("sns"):
    lost = SnsReduce("~/data/lost.zip", "~/shared/lost.refl", retries=2, backoff=0.1)
    oxide = chisq_with(24, lost.filename)
    note = leave_note("lost.zip: not reduced", "~/shared/lost.txt", when=lost.isfailed)

    other = SnsReduce("~/data/run.zip", "~/shared/run.refl")
    other_oxide = chisq_with(24, other.filename)

park.wait([lost, oxide, note, other, other_oxide])
print(f"reduction: {lost.status}: {lost.error}")
print(f"its oxide: {oxide.status}: {oxide.error}")
print(f"the note: {note.status}")
print(f"the other: {other_oxide.status}, chisq {other_oxide.result()['chisq']:.3f}")
