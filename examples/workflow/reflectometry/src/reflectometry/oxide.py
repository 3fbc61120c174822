"""The native oxide of a bare wafer: how well a curve goes with an assumed thickness."""

from refnx.analysis import CurveFitter, Objective
from refnx.dataset import ReflectDataset
from refnx.reflect import SLD, ReflectModel

import park

SILICON_SLD = 2.07  # 1e-6/Å²
OXIDE_SLD = 3.47
ROUGHNESS = 4.0  # Å, between silicon and oxide


@park.job
def chisq_with(thickness, data):
    """Return how well the curve in ``data`` goes with an oxide of ``thickness`` Å.

    Scale, background and the roughness of the surface are fitted; the result has what they
    became, and chisq per degree of freedom.
    """
    model = wafer(thickness)
    objective = Objective(model, ReflectDataset(data))
    CurveFitter(objective).fit("least_squares")
    free = objective.varying_parameters()
    return {
        "thickness": thickness,
        "chisq": float(objective.chisqr() / (objective.npoints - len(free))),
        "parameters": {parameter.name: float(parameter.value) for parameter in free},
    }


def wafer(thickness):
    """Return the reflectivity of a wafer in air, with the free parameters set."""
    oxide = SLD(OXIDE_SLD, name="SiO2")(thickness, ROUGHNESS)
    silicon = SLD(SILICON_SLD, name="silicon")(0, ROUGHNESS)
    oxide.rough.setp(vary=True, bounds=(0, 20))
    oxide.rough.name = "surface roughness"
    model = ReflectModel(SLD(0, name="air") | oxide | silicon, bkg=4e-7)
    model.scale.setp(vary=True, bounds=(0.7, 1.2))
    model.bkg.setp(vary=True, bounds=(0, 2e-5))
    return model
