import pytest

from park.model.urls import host_of, origin_of, without_credentials


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://sns.example.org/service", "http://sns.example.org:80"),
        ("https://SNS.example.org", "https://sns.example.org:443"),
        ("https://sns.example.org:8443/a?b", "https://sns.example.org:8443"),
        ("http://ada:secret@[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_an_origin_has_the_port_that_a_url_means(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ada:s3:cret@pypi.lab/simple/?a#b", "https://pypi.lab/simple/?a#b"),
        ("https://ada%40lab@[::1]:80/", "https://[::1]:80/"),
        ("https://pypi.lab/@ada", "https://pypi.lab/@ada"),
        ("file:///home/ada", "file:///home/ada"),
    ],
)
def test_credentials_are_left_out(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


def test_people_know_a_service_by_its_host() -> None:
    assert host_of("https://sns.example.org:8443/service") == "sns.example.org:8443"
    assert host_of("compufans") == "compufans"
