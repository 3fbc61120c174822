"""Reduce a measured run on one service, and fit it on another.

    python examples/workflow/story.py

It needs two services by the names below (`park service add`), and `run.zip` in your area on
the first one. Nothing in it waits, but for the last line.
"""

import park, mymodel
from reflectometry.reduction import SnsReduce

sns       = park.remote_service("sns")
compufans = park.remote_service("compufans")            # a name from the configuration

reduction = SnsReduce(infile="~/data/run.zip", outfile="~/shared/run.refl", service=sns)

with compufans:                                         # default service of the block
    upload   = park.install_service(mymodel)            # wheel -> the service's index -> environment
    sns_auth = park.credentials(service=sns)
    fetch    = park.fetch_url(url=reduction.url, auth=sns_auth, when=reduction.iscompleted)
    model    = mymodel.prefit_simulation(when=upload.iscompleted)
    assembly = mymodel.define_fit(model=model.filename, data=fetch.filename)
    fit      = park.Fit(assembly, when=model.iscompleted & fetch.iscompleted)

print(fit.result())
