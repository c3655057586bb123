// Alarms and the dashboard.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { Place } from "./place";
import { Settings } from "./settings";

/** The namespace of the transformer's metrics. */
const TRANSFORMER = "Hydrant/Transformer";

export interface Watched {
  bucket: pulumi.Output<string>;
  function: pulumi.Output<string>;
  stream: pulumi.Output<string>;
}

/** Names of metrics' dimensions, and their values. */
type Dimensions = Record<string, pulumi.Input<string>>;

export function alarms(settings: Settings, watched: Watched, options: pulumi.ResourceOptions): void {
  const tell = pulumi.output(settings.alarmTopicArn).apply((topic) => (topic ? [topic] : []));
  const alarm = (name: string, what: Partial<aws.cloudwatch.MetricAlarmArgs>) =>
    new aws.cloudwatch.MetricAlarm(
      name,
      {
        name: `${settings.streamName}-${name}`,
        comparisonOperator: "GreaterThanThreshold",
        evaluationPeriods: 1,
        threshold: 0,
        treatMissingData: "notBreaching",
        alarmActions: tell,
        okActions: tell,
        ...what,
      },
      options,
    );
  const metric = (namespace: string, metricName: string, dimensions: Dimensions, statistic: string, period = 300) => ({
    namespace,
    metricName,
    dimensions,
    statistic,
    period,
  });
  const ofStream = { DeliveryStreamName: watched.stream };
  const ofFunction = { FunctionName: watched.function };
  const counted = (id: string, metricName: string) => ({
    id,
    returnData: false,
    metric: {
      namespace: TRANSFORMER,
      metricName,
      dimensions: { DeliveryStream: settings.streamName },
      period: 300,
      stat: "Sum",
    },
  });

  alarm("freshness", {
    alarmDescription:
      "Records wait longer than they should. Look at the delivery log, then at the function's errors.",
    ...metric("AWS/Firehose", "DeliveryToS3.DataFreshness", ofStream, "Maximum"),
    evaluationPeriods: 2,
    threshold: settings.freshnessSeconds,
  });
  alarm("refusals", {
    alarmDescription:
      "The transformer refuses more records than is usual. The table errors, and its log, say why.",
    metricQueries: [
      { id: "percent", expression: "100 * refused / records", label: "records refused, percent", returnData: true },
      counted("refused", "ProcessingFailed"),
      counted("records", "Records"),
    ],
    evaluationPeriods: 3,
    threshold: settings.refusedPercent,
  });
  alarm("function-errors", {
    alarmDescription: "The function fails as a whole. Firehose tries a batch four times and then refuses it.",
    ...metric("AWS/Lambda", "Errors", ofFunction, "Sum"),
  });
  alarm("function-throttles", {
    alarmDescription:
      "Lambda has no room for the function. Raise the account's concurrency, or reserve some for it.",
    ...metric("AWS/Lambda", "Throttles", ofFunction, "Sum"),
  });
  alarm("stream-throttles", {
    alarmDescription:
      "Producers send more than the stream's quota. They must send refused records again; ask AWS for more.",
    ...metric("AWS/Firehose", "ThrottledRecords", ofStream, "Sum"),
  });
  alarm("partitions", {
    alarmDescription: "More partitions are open than the quota allows; what is over it goes to the error output.",
    ...metric("AWS/Firehose", "PartitionCountExceeded", ofStream, "Maximum"),
  });
  alarm("error-objects", {
    alarmDescription: "Error objects are written, interval after interval. The table errors says what is in them.",
    ...metric("AWS/S3", "PutRequests", { BucketName: watched.bucket, FilterId: "errors" }, "Sum", 900),
    // A client's odd mistake writes one; only what goes on for an hour is news.
    evaluationPeriods: 4,
  });
}

export function dashboard(
  settings: Settings,
  place: Place,
  watched: Watched,
  options: pulumi.ResourceOptions,
): aws.cloudwatch.Dashboard {
  const { streamName } = settings;
  const firehose = (name: string, shown: object = {}) => [
    "AWS/Firehose",
    name,
    "DeliveryStreamName",
    streamName,
    ...rest(shown),
  ];
  const ours = (name: string, shown: object) => [TRANSFORMER, name, "DeliveryStream", streamName, shown];
  const lambda = (name: string, shown: object) => ["AWS/Lambda", name, "FunctionName", watched.function, shown];
  const rest = (shown: object) => (Object.keys(shown).length > 0 ? [shown] : []);
  const reasons = `SEARCH('{${TRANSFORMER},DeliveryStream} DeliveryStream="${streamName}" ProcessingFailed', 'Sum', 300)`;
  const graphs = [
    {
      title: "Records",
      stat: "Sum",
      metrics: [
        firehose("IncomingRecords", { label: "in" }),
        ours("Ok", { label: "transformed" }),
        ours("ProcessingFailed", { label: "refused" }),
        firehose("DeliveryToS3.Records", { label: "delivered" }),
      ],
    },
    {
      title: "Oldest record not delivered, seconds",
      stat: "Maximum",
      metrics: [firehose("DeliveryToS3.DataFreshness")],
      annotations: { horizontal: [{ label: "alarm", value: settings.freshnessSeconds }] },
    },
    { title: "Refused, by reason", stat: "Sum", metrics: [[{ expression: reasons }]] },
    {
      title: "Partitions and objects",
      metrics: [
        firehose("PartitionCount", { stat: "Maximum" }),
        firehose("DeliveryToS3.ObjectCount", { stat: "Sum" }),
        [
          "AWS/S3",
          "PutRequests",
          "BucketName",
          watched.bucket,
          "FilterId",
          "errors",
          { stat: "Sum", label: "error objects" },
        ],
      ],
    },
    {
      title: "Function",
      metrics: [
        lambda("Duration", { stat: "p99", label: "p99, ms" }),
        lambda("Errors", { stat: "Sum", yAxis: "right" }),
        lambda("Throttles", { stat: "Sum", yAxis: "right" }),
      ],
    },
    {
      title: "Bytes",
      stat: "Sum",
      metrics: [
        firehose("IncomingBytes"),
        firehose("DeliveryToS3.Bytes"),
        firehose("ThrottledRecords", { yAxis: "right" }),
      ],
    },
  ];
  const widgets = graphs.map((properties, index) => ({
    type: "metric",
    x: (index % 2) * 12,
    y: Math.floor(index / 2) * 6,
    width: 12,
    height: 6,
    properties: { region: place.region, period: 300, ...properties },
  }));
  return new aws.cloudwatch.Dashboard(
    "dashboard",
    { dashboardName: `${streamName}-stream`, dashboardBody: pulumi.jsonStringify({ widgets }) },
    options,
  );
}
