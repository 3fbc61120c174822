from park.wire import (
    Audience,
    LoginRecord,
    LoginRequest,
    TokenClass,
    TokenRecord,
    WhoRecord,
    decode,
    encode,
)


def test_secrets_are_in_no_line_for_people() -> None:
    records = [
        LoginRequest(user="ada", password="pa55"),
        LoginRecord(token="pa55", expires_at="", user="ada", id="7", renewable_until=""),
        TokenRecord(
            id="7",
            kind=TokenClass.JOB,
            user="ada",
            scopes=[],
            audience=Audience.INDEX,
            created="",
            expires_at="",
            token="pa55",
        ),
    ]
    for record in records:
        assert "pa55" not in repr(record)
        assert "pa55" in str(encode(record))


def test_who_somebody_is_comes_back_as_it_went() -> None:
    who = WhoRecord(
        user="ada",
        roles=["query"],
        groups=[],
        kind=TokenClass.USER,
        audience=Audience.SERVICE,
        id=None,
        expires_at=None,
    )
    assert decode(WhoRecord, encode(who)) == who
