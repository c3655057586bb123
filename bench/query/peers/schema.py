"""The whole record as the generator writes it, for peers that need every field spelled out by hand.

A name is a type, a list of one is a list, a dictionary is a structure. `of` turns it into any library's types.
"""

ITEM = {
    "name": "text", "brand": "text", "category": "text", "price": "number", "currency": "text", "inStock": "boolean",
}  # fmt: skip
DATA = {
    "searchTerm": "text", "filters": ["text"], "sort": "text", "results": "integer", "suggested": "boolean",
    "facets": [{"name": "text", "values": ["text"]}], "tookMs": "integer",
    "page": "integer", "pageSize": "integer", "shown": ["integer"], "scrollDepth": "number",
    "itemSku": "integer", "category": "text", "price": "number", "currency": "text", "position": "integer",
    "list": "text", "item": ITEM, "discount": {"percent": "integer", "label": "text"}, "related": ["integer"],
    "dwellMs": "integer", "quantity": "integer", "cart": {"lines": "integer", "total": "number", "currency": "text"},
    "items": [{"sku": "integer", "name": "text", "quantity": "integer", "price": "number"}], "total": "number",
    "shipping": {"method": "text", "country": "text", "postcode": "text"}, "coupon": "text",
    "orderId": "text", "payment": {"method": "text", "instalments": "integer"}, "paymentMethod": "text",
    "loyalty": {"tier": "text", "points": "integer"}, "session": {"id": "text", "sequence": "integer"},
    "device": {
        "kind": "text", "os": "text", "osVersion": "text", "model": "text",
        "screen": {"width": "integer", "height": "integer"},
    },
    "app": {"version": "text", "build": "integer", "locale": "text"}, "consent": {"marketing": "boolean"},
}  # fmt: skip
DETAIL = {
    "eventType": "text", "schemaVersion": "text", "clientId": "text", "data": DATA,
    "ticket": {"ticket": {"subject": "text", "comment": {"body": "text"}}},
}  # fmt: skip
RECORD = {
    "version": "text", "id": "text", "detail-type": "text", "source": "text", "account": "text", "time": "time",
    "region": "text", "resources": ["text"], "detail": DETAIL,
}  # fmt: skip


def of(shape, names, a_list, a_structure):
    """The type of a shape, from a library's names and its two constructors."""
    if isinstance(shape, str):
        return names[shape]
    if isinstance(shape, list):
        return a_list(of(shape[0], names, a_list, a_structure))
    return a_structure({name: of(part, names, a_list, a_structure) for name, part in shape.items()})


def duckdb(shape) -> str:
    names = {
        "text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "time": "TIMESTAMP",
    }  # fmt: skip
    structure = lambda parts: "STRUCT(" + ", ".join(f'"{name}" {kind}' for name, kind in parts.items()) + ")"  # noqa: E731
    return of(shape, names, lambda kind: f"{kind}[]", structure)
