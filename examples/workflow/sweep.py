"""Try a model over a range of a parameter, each value a job of its own, and keep the best.

    python examples/workflow/sweep.py

It needs a service named `sns` with `run.zip` in your area there.
"""

from itertools import repeat

from reflectometry.oxide import chisq_with
from reflectometry.reduction import SnsReduce

import park

THICKNESSES = range(12, 34, 2)  # Å

with park.remote_service("sns") as sns:
    reduction = SnsReduce(infile="~/data/run.zip", outfile="~/shared/run.refl")
    scan = sns.map(chisq_with, THICKNESSES, repeat(reduction.filename))

for job in park.as_completed(scan):
    result = job.result()
    print(f"oxide of {result['thickness']} Å: chisq {result['chisq']:.3f}")

best = min(scan.results(), key=lambda result: result["chisq"])
print(f"best: {best['thickness']} Å")
