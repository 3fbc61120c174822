# Written as a scientist would.
# ruff: noqa: ANN001, ANN002, ANN201, ANN202, T201
"""A film on a substrate: a run is reduced, a model prepared, and one fitted to the other."""

import math
import zlib
from pathlib import Path

import park


def held(up, go):
    """Say so through the pipe ``up``, and wait for a line from ``go``."""
    if go is not None:
        with Path(up).open("w") as pipe:
            pipe.write("there\n")
        with Path(go).open() as pipe:
            pipe.readline()


@park.job
def reduce_run(run, up=None, go=None):
    """Leave the curve of a run."""
    held(up, go)
    print(f"\x1b[1mreducing run {run}\x1b[0m")
    print("counts \x1b[32mok\x1b[0m, background \x1b[33msubtracted\x1b[0m")
    rows = [(q / 500, math.exp(-q / 18) * (1.1 + math.cos(q / 3))) for q in range(4, 120)]
    lines = [f"{q:.5f} {r:.6g} {r * 0.05:.3g}" for q, r in rows]
    Path("run.dat").write_text("# Q R dR\n" + "\n".join(lines) + "\n")
    return {"run": run, "points": len(rows)}


@park.job
def prepare_model(layers=3, thickness=120.0):
    """Leave a model."""
    Path("model.json").write_text(f'{{"layers": {layers}, "thickness": {thickness}}}\n')
    return {"layers": layers, "thickness": thickness}


@park.job
def define_fit(model, data):
    """Put both together."""
    return {"model": model, "data": data, "parameters": ["thickness", "roughness", "density"]}


@park.job
def fit_film(assembly, steps=60, up=None, go=None):
    """Fit, reporting chisq against steps; leave curves and a picture."""
    print(f"fitting {', '.join(assembly['parameters'])}")
    for step in range(1, steps + 1):
        chisq = 1.04 + 180 * math.exp(-step / 7) + 0.6 * abs(math.sin(step)) / step
        park.progress(step, steps, chisq=round(chisq, 4))
        if step % 10 == 0:
            print(f"step {step:3d}  chisq \x1b[36m{chisq:10.4f}\x1b[0m")
        if step == steps // 2:
            held(up, go)
    rows = []
    for q in range(4, 120):
        fit = math.exp(-q / 18) * (1.1 + math.cos(q / 3))
        noise = math.sin(q * 7.3) * 0.04
        rows.append((q / 500, fit * (1 + noise), fit * 0.05, fit, noise / 0.05))
    lines = [" ".join(f"{each:.6g}" for each in row) for row in rows]
    Path("curve-1.dat").write_text("# film on silicon\n# x y dy fit residual\n" + "\n".join(lines))
    Path("fit.svg").write_text(SVG)
    Path("peak.png").write_bytes(picture(64, 24))
    Path("thickness.npy").write_bytes(array([118.2 + math.sin(i) for i in range(200)]))
    return {"chisq": 1.04, "thickness": 118.9, "roughness": 4.2}


@park.job
def simulate(seed, fails=False):
    """Be one of a sweep."""
    if fails:
        raise ValueError(f"seed {seed}: the roughness {seed % 7} is thicker than the layer")
    return seed * seed


@park.job
def collect(values):
    """Take all of a sweep."""
    return len(values)


@park.job
def talk(text, name):
    """Say, leave and return whatever one is told: attacks on who looks at it."""
    print(text)
    Path(name).write_text(text)
    return text


@park.job
def wrong(text):
    """Fail with whatever one is told."""
    raise ValueError(text)


SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="320" height="120">
<script>document.title = "taken"</script>
<rect width="320" height="120" fill="#fff"/>
<path d="M10 20 C80 20 90 100 160 92 S260 70 310 104" fill="none" stroke="#0b6bb0" stroke-width="3"/>
</svg>
"""


def array(values):
    """Return a .npy file of doubles."""
    import struct

    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({len(values)},), }}"
    text = header.encode() + b" " * (117 - len(header)) + b"\n"
    head = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
    return head + struct.pack(f"<{len(values)}d", *values)


def picture(width, height):
    """Return a .png file: a gradient."""
    import struct

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(
        b"\x00" + bytes(255 * x // width for x in range(width)) for _ in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
