"""Media types that schemathesis does not know: bytes are sent as they are."""

import schemathesis


@schemathesis.serializer("application/cose", "application/cbor", "application/vnd.cairn.evidence+cbor",
                         "application/vnd.cairn.operation+cbor")
def plain(context, value):
    if isinstance(value, bytes):
        return value
    return str(value).encode()
