from setuptools import setup

setup(
    name="Setup.Py_Alone",
    version="2.1",
    py_modules=["setup_py_alone"],
    install_requires=["packaging"],
    extras_require={"plot": ["pip"]},
)
