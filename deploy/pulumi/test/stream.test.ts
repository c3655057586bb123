// The component by itself. That it makes what the SAM template makes is a test of tests/deploy.

import * as assert from "node:assert/strict";
import { before, test } from "node:test";

import * as pulumi from "@pulumi/pulumi";

import { Recorded, record, value } from "./mocks";

let recorded: Recorded[];
let component: typeof import("../stream");

before(async () => {
  recorded = await record();
  component = await import("../stream");
});

const code = new pulumi.asset.FileArchive(".");
const made = (type: string) => recorded.filter((resource) => resource.type === type);

test("a stream delivers through its transformer into its lake", async () => {
  const stream = new component.Stream("one", { code, bucketName: "lake-of-one", streamName: "one" });
  assert.equal(await value(stream.lakeUrl), "s3://lake-of-one");
  assert.equal(await value(stream.streamArn), "arn:aws:firehose:eu-west-1:123456789012:deliverystream/one");
  assert.match(await value(stream.next.sendEvents), /send --stream one$/);
  await pulumi.runtime.disconnect();
  const [{ inputs }] = made("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream");
  const destination = inputs.extendedS3Configuration;
  assert.equal(destination.bucketArn, "arn:aws:s3:::lake-of-one");
  const [lambdaArn] = destination.processingConfiguration.processors[0].parameters;
  assert.deepEqual(lambdaArn, {
    parameterName: "LambdaArn",
    parameterValue: "arn:aws:lambda:eu-west-1:123456789012:function:one-transformer:$LATEST",
  });
  assert.equal(destination.s3BackupConfiguration, undefined);
});

test("everything belongs to the component, and the lake outlives it", async () => {
  const types = new Set(recorded.map(({ type }) => type));
  assert.ok(types.has("hydrant:deploy:Stream"));
  assert.equal(made("aws:s3/bucket:Bucket").length, 1);
  assert.equal(made("aws:glue/catalogTable:CatalogTable").length, 0, "no table unless it is asked for");
});

test("what AWS would refuse is refused before anything is made", () => {
  const make = (given: object) => () => new component.Stream("wrong", { code, ...given });
  assert.throws(make({ bufferMegabytes: 5 }), /bufferMegabytes is 5: use 64 to 128/);
  assert.throws(make({ bufferSeconds: 30 }), /bufferSeconds is 30: use 60 to 900/);
  assert.throws(make({ functionBufferMegabytes: 4 }), /use 0.2 to 3/);
  assert.throws(make({ errorDays: 0 }), /errorDays is 0: use 1 or more/);
  assert.throws(make({ streamName: "my stream" }), /streamName is "my stream"/);
});
