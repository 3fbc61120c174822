"""The figure of a fit: data, curve, residuals, and the profile that explains them."""

from matplotlib.figure import Figure

DATA, FIT, PROFILE = "#30638e", "#d1495b", "#3d3d3d"


def draw(model, chisq, path):
    """Draw the fitted ``model`` (a refl1d experiment) into the PNG file ``path``."""
    figure = Figure(figsize=(8, 6.4), layout="constrained")  # no pyplot: no display is needed
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    figure.suptitle(f"Polymer film on silicon under D$_2$O    $\\chi^2$/dof = {chisq:.2f}")
    draw_curve(above, model)
    draw_residuals(below, model)
    draw_profile(above.inset_axes([0.09, 0.13, 0.31, 0.36]), model)
    figure.savefig(path, dpi=150)


def draw_curve(axes, model):
    data = model.probe
    q, fitted = model.reflectivity()
    axes.errorbar(
        data.Q, data.R, data.dR, fmt="o", ms=2.5, lw=0.7, color=DATA, alpha=0.7, label="data"
    )
    axes.plot(q, fitted, color=FIT, lw=1.4, zorder=3, label="fit")
    axes.set(xscale="log", yscale="log", ylabel="reflectivity", ylim=(6e-8, 3))
    axes.legend(loc="upper right", frameon=False)


def draw_residuals(axes, model):
    data = model.probe
    q, fitted = model.reflectivity()
    residual = (data.R - fitted) / data.dR
    reach = max(6.5, 1.1 * abs(residual).max())  # the same frame for all good fits
    axes.axhspan(-1, 1, color="0.9")
    axes.axhline(0, color=FIT, lw=1)
    axes.plot(q, residual, "o", ms=2.5, color=DATA, alpha=0.7)
    axes.set(xlim=(q.min() / 1.05, q.max() * 1.05), ylim=(-reach, reach))
    axes.set(xlabel="q (Å$^{-1}$)", ylabel="residual ($\\sigma$)")


def draw_profile(axes, model):
    z, sld, _ = model.smooth_profile(dz=0.5)
    axes.plot(z, sld, color=PROFILE, lw=1.2)
    axes.set(xlabel="distance from silicon (Å)", ylabel="SLD (10$^{-6}$ Å$^{-2}$)")
    axes.tick_params(labelsize=8)
