"""The stream definitions that Hydrant reads are the ones that AWS's own clients send."""

import json

import botocore.session
import pytest
from botocore.validate import ParamValidator

from conftest import EXAMPLES

MODEL = botocore.session.get_session().get_service_model("firehose")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*-stream.json")) + [EXAMPLES / "stream.json"], ids=lambda p: p.name)
def test_an_example_is_a_valid_create_delivery_stream_input(path):
    shape = MODEL.operation_model("CreateDeliveryStream").input_shape
    report = ParamValidator().validate(json.loads(path.read_text()), shape)
    assert not report.has_errors(), report.generate_report()
