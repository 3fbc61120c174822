from park.wire.legacy_upload import upload_form


def test_the_form_of_a_wheel_says_which_pythons_it_is_for() -> None:
    filename = "film-1.0-1build-cp312-cp312-linux_x86_64.whl"
    form = upload_form(name="film", version="1.0", filename=filename, sha256="a" * 64)
    assert form == {
        ":action": "file_upload",
        "protocol_version": "1",
        "filetype": "bdist_wheel",
        "metadata_version": "2.1",
        "name": "film",
        "version": "1.0",
        "pyversion": "cp312",
        "sha256_digest": "a" * 64,
    }


def test_an_sdist_is_for_none() -> None:
    form = upload_form(name="film", version="1.0", filename="film-1.0.tar.gz", sha256="a" * 64)
    assert (form["filetype"], form["pyversion"]) == ("sdist", "source")
