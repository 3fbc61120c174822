def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    for number in range(100):
        print(f"compiling file {number}")
    raise RuntimeError("no FORTRAN compiler")
