"""A drawing inside of HTML that is not ours."""

from __future__ import annotations

from base64 import b64decode

from park.drawing.as_image import as_image


def test_the_picture_is_apart_from_the_page_and_told_to_who_sees_none() -> None:
    html = as_image("<svg>ö</svg>", 'a "tree" <b>')
    assert "<svg" not in html
    assert 'alt="a &quot;tree&quot; &lt;b&gt;"' in html
    data = html.partition("base64,")[2].partition('"')[0]
    assert b64decode(data).decode() == "<svg>ö</svg>"
