from setuptools import Extension, setup

setup(
    package_dir={"": "src"},
    packages=["compiled_model"],
    ext_modules=[Extension("compiled_model._film", ["src/compiled_model/_film.c"])],
)
