from setuptools import setup

setup(name="bad-setup-py" version="1.0")
