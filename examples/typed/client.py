"""Code of a user, typed: mypy and pyright find nothing in it, in their strict modes too."""
# pyright: strict

from __future__ import annotations

import park


@park.job(cpus=2, memory="2G")
def fit(seed: int) -> float:
    park.progress(chisq=1.0)
    return seed * 2.0


def main() -> None:
    service = park.remote_service("sns")
    with service:
        first = fit(1)
        fits = [fit(seed) for seed in range(3)]
        race = park.race(fits, keep=2)
    sweep = service.map(fit, [1, 2, 3])
    total: float = sum(sweep.results())
    for job in park.as_completed(list(sweep)):
        print(job.id, job.status)
    later = service.submit("mymodel:fit", 3, when=sweep[0].iscompleted & ~sweep[1].isfailed)
    print(total, later.output["chisq"] < 3, race, first)
    with service.executor() as executor:
        print(executor.submit(pow, 2, 3).result())
    mapper = park.bumps_mapper(object(), jobs=2)
    print(mapper([[1.0]]))
    try:
        later.result(timeout=3)
    except park.ParkError as error:
        print(error.hint)
