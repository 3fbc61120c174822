"""The samples: a silicon wafer with its native oxide, bare in air, or with a film under D2O.

Lengths are in Å, scattering length densities (SLD) in 1e-6/Å².

The film is one polymer throughout, but its outer part takes up water: it is a slab whose
SLD is that of the film with a volume fraction of D2O mixed in. Without that slab chisq is
2.4, with it 1.9. How gradual the uptake is, the data do not say; the boundary inside the
film is half as wide as the slab, so that it fits into it.

The wafer is the one that a film is put on: measured bare, it tells the oxide.
"""

from typing import Any, NamedTuple

from refl1d.names import SLD, Parameter

from .running import job

SILICON_SLD = 2.07
OXIDE_SLD = 3.47
FILM_SLD = 2.0
D2O_SLD = 6.36

OXIDE_THICKNESS = 30.0
FILM_THICKNESS = 250.0
SWOLLEN_THICKNESS = 50.0
SWOLLEN_FRACTION = 0.05
ROUGHNESS = 4.0

NATIVE_OXIDE_THICKNESS = 12.0

UNITS = {"thickness": "Å", "roughness": "Å", "SLD": "1e-6/Å²"}  # by the last word of a name


@job
def constants():
    """Return what the starting model assumes, by name."""
    return {
        "silicon_sld": SILICON_SLD,
        "oxide_sld": OXIDE_SLD,
        "film_sld": FILM_SLD,
        "d2o_sld": D2O_SLD,
        "oxide_thickness": OXIDE_THICKNESS,
        "film_thickness": FILM_THICKNESS,
        "swollen_thickness": SWOLLEN_THICKNESS,
        "swollen_fraction": SWOLLEN_FRACTION,
        "roughness": ROUGHNESS,
    }


def film_on_silicon():
    """Return the sample as a refl1d stack, from the silicon up, and its free parameters by name.

    A roughness is the width (1 sigma) of the interface between the two media in its name.
    The thickness of the film includes its swollen part.
    """
    silicon = SLD("silicon", rho=SILICON_SLD)
    oxide = SLD("SiO2", rho=OXIDE_SLD)
    film = SLD("film", rho=FILM_SLD)
    swollen = SLD("swollen film")
    d2o = SLD("D2O", rho=D2O_SLD)

    free = {
        "SiO2 thickness": Parameter(OXIDE_THICKNESS).range(5, 60),
        "film thickness": Parameter(FILM_THICKNESS).range(200, 300),
        "film SLD": Parameter(FILM_SLD).range(0, 4),
        "swollen thickness": Parameter(SWOLLEN_THICKNESS).range(10, 120),
        "swollen D2O fraction": Parameter(SWOLLEN_FRACTION).range(0, 0.5),
        "D2O SLD": Parameter(D2O_SLD).range(5.8, 6.4),
        "Si/SiO2 roughness": Parameter(ROUGHNESS).range(0, 15),
        "SiO2/film roughness": Parameter(ROUGHNESS).range(0, 20),
        "film/D2O roughness": Parameter(ROUGHNESS).range(0, 20),
    }
    for name, parameter in free.items():
        parameter.name = name

    water = free["swollen D2O fraction"]
    film.rho = free["film SLD"]
    d2o.rho = free["D2O SLD"]
    swollen.rho = (1 - water) * film.rho + water * d2o.rho
    outer = free["swollen thickness"]

    stack = (
        silicon(0, free["Si/SiO2 roughness"])
        | oxide(free["SiO2 thickness"], free["SiO2/film roughness"])
        | film(free["film thickness"] - outer, outer / 2)
        | swollen(outer, free["film/D2O roughness"])
        | d2o
    )
    return stack, free


def wafer_in_air():
    """Return the bare wafer as `film_on_silicon` returns the film.

    The interface between silicon and oxide stays as it is: a curve that ends where that of
    a bare wafer does, at q = 0.17 1/Å, does not tell it from the thickness.
    """
    silicon = SLD("silicon", rho=SILICON_SLD)
    oxide = SLD("SiO2", rho=OXIDE_SLD)
    air = SLD("air", rho=0)
    free = {
        "SiO2 thickness": Parameter(NATIVE_OXIDE_THICKNESS).range(0, 40),
        "SiO2/air roughness": Parameter(ROUGHNESS).range(0, 20),
    }
    for name, parameter in free.items():
        parameter.name = name
    outside = oxide(free["SiO2 thickness"], free["SiO2/air roughness"])
    stack = silicon(0, ROUGHNESS) | outside | air
    return stack, free


class Sample(NamedTuple):
    """What is measured, and how: ``make`` returns the stack and its free parameters.

    The beam comes from the medium of SLD ``fronting`` and meets the one of ``backing``;
    ``scale`` is where the fit of the curve's scale starts, ``background`` the highest that
    the instrument is thought to add.
    """

    make: Any
    fronting: float
    backing: float
    scale: float
    background: float

    @property
    def through_silicon(self):
        return self.fronting == SILICON_SLD


SAMPLES = {
    "wafer": Sample(wafer_in_air, 0.0, SILICON_SLD, scale=1.0, background=2e-5),
    "film": Sample(film_on_silicon, SILICON_SLD, D2O_SLD, scale=0.9, background=5e-6),
}
