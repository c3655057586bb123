// The stream half of a client-event pipeline as one component: client events into Firehose, through the transformer,
// into a lake on S3 that `hydrant sql` and Athena read. It makes what deploy/sam/template.yaml makes; tests/deploy
// compares the two.

import * as pulumi from "@pulumi/pulumi";

import { delivery } from "./delivery";
import { lake } from "./lake";
import { place } from "./place";
import { Settings, settings } from "./settings";
import { table } from "./table";
import { transformer } from "./transformer";
import { alarms, dashboard } from "./watch";

export { Settings, defaults } from "./settings";

export interface StreamArgs extends Partial<Settings> {
  /** The folder, or the zip, that cargo-lambda made of the transformer. */
  code: pulumi.asset.Archive;
}

export class Stream extends pulumi.ComponentResource {
  /** Name of the stream: what producers put records into. */
  readonly streamName: pulumi.Output<string>;
  /** For the roles of producers, which need firehose:PutRecord and firehose:PutRecordBatch on it. */
  readonly streamArn: pulumi.Output<string>;
  /** Where events land: s3:// and the bucket. */
  readonly lakeUrl: pulumi.Output<string>;
  /** The function. */
  readonly transformerArn: pulumi.Output<string>;
  /** Commands to run next. */
  readonly next: Record<"sendEvents" | "query" | "queryErrors" | "watchFunction", pulumi.Output<string>>;

  constructor(name: string, { code, ...given }: StreamArgs, options?: pulumi.ComponentResourceOptions) {
    super("hydrant:deploy:Stream", name, {}, options);
    const set = settings(given);
    const inside = { parent: this };
    const here = place(inside);

    const store = lake(set, inside);
    const transform = transformer(set, here, code, inside);
    const stream = delivery(set, here, store, transform, inside);
    const watched = { bucket: store.bucket.bucket, function: transform.function.name, stream: stream.name };
    alarms(set, watched, inside);
    dashboard(set, here, watched, inside);
    if (set.createTable) {
      table(set, here, store.bucket.bucket, inside);
    }

    this.streamName = stream.name;
    this.streamArn = stream.arn;
    this.lakeUrl = pulumi.interpolate`s3://${store.bucket.bucket}`;
    this.transformerArn = transform.function.arn;
    const hydrant = pulumi.interpolate`AWS_REGION=${here.region} hydrant`;
    this.next = {
      sendEvents: pulumi.interpolate`hydrant generate --events 1000 | ${hydrant} send --stream ${stream.name}`,
      query: pulumi.interpolate`${hydrant} sql --lake ${this.lakeUrl} -c "select eventType, count(*) from events group by 1"`,
      queryErrors: pulumi.interpolate`${hydrant} sql --lake ${this.lakeUrl} -c "select errorCode, rawData from errors limit 10"`,
      watchFunction: pulumi.interpolate`aws logs tail ${transform.log.name} --region ${here.region} --follow`,
    };
    this.registerOutputs({ ...this.next, streamArn: this.streamArn, lakeUrl: this.lakeUrl });
  }
}
