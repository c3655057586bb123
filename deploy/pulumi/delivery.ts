// The delivery stream, its log, and the role that it works under.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { Lake } from "./lake";
import { Lambda } from "./lambda";
import { Place, arn } from "./place";
import { role } from "./role";
import { Settings } from "./settings";

const keys = ["eventType", "schemaVersion", "year", "month", "day", "hour"];

/** Where events go: by what they are, and by the hour in which they happened. */
export const prefix = `events/${keys.map((key) => `${key}=!{partitionKeyFromLambda:${key}}/`).join("")}`;

/** Where refused records go: by what went wrong. */
export const errorOutputPrefix = "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/";

export function delivery(
  settings: Settings,
  place: Place,
  { bucket, ready }: Lake,
  { function: lambda }: Lambda,
  options: pulumi.ResourceOptions,
): aws.kinesis.FirehoseDeliveryStream {
  const log = new aws.cloudwatch.LogGroup(
    "delivery",
    { name: `/aws/kinesisfirehose/${settings.streamName}`, retentionInDays: settings.logRetentionDays },
    options,
  );
  const logStream = (resource: string, name: string) =>
    new aws.cloudwatch.LogStream(resource, { logGroupName: log.name, name }, options);
  const deliveryLog = logStream("delivery", "DestinationDelivery");
  const backupLog = settings.sourceBackup ? logStream("backup", "BackupDelivery") : undefined;

  const latest = pulumi.interpolate`${lambda.arn}:$LATEST`;
  const under = (folder: string) => pulumi.interpolate`${bucket.arn}/${folder}/*`;
  const worker = role(
    "delivery",
    {
      service: "firehose.amazonaws.com",
      // Firehose gives the account that it works for: nobody else's stream gets this role.
      condition: { StringEquals: { "sts:ExternalId": place.account } },
      may: [
        {
          Sid: "Transform",
          Effect: "Allow",
          Action: ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"],
          Resource: latest,
        },
        {
          Sid: "Bucket",
          Effect: "Allow",
          Action: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
          Resource: bucket.arn,
        },
        {
          Sid: "Objects",
          Effect: "Allow",
          Action: ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
          Resource: [under("events"), under("errors"), ...(settings.sourceBackup ? [under("source")] : [])],
        },
        {
          Sid: "Log",
          Effect: "Allow",
          Action: "logs:PutLogEvents",
          Resource: arn(place, "logs", `log-group:/aws/kinesisfirehose/${settings.streamName}:log-stream:*`),
        },
      ],
    },
    options,
  );
  const logging = (stream: aws.cloudwatch.LogStream) => ({
    enabled: true,
    logGroupName: log.name,
    logStreamName: stream.name,
  });
  const parameter = (parameterName: string, parameterValue: pulumi.Input<string>) => ({ parameterName, parameterValue });
  return new aws.kinesis.FirehoseDeliveryStream(
    "stream",
    {
      name: settings.streamName,
      destination: "extended_s3",
      serverSideEncryption: { enabled: true, keyType: "AWS_OWNED_CMK" },
      extendedS3Configuration: {
        roleArn: worker.role.arn,
        bucketArn: bucket.arn,
        prefix,
        errorOutputPrefix,
        bufferingSize: settings.bufferMegabytes,
        bufferingInterval: settings.bufferSeconds,
        compressionFormat: "GZIP",
        cloudwatchLoggingOptions: logging(deliveryLog),
        dynamicPartitioningConfiguration: { enabled: true, retryDuration: 300 },
        processingConfiguration: {
          enabled: true,
          processors: [
            {
              type: "Lambda",
              // All five, in the order in which AWS gives them back: no tool then sees a difference that is none.
              parameters: [
                parameter("LambdaArn", latest),
                parameter("NumberOfRetries", "3"),
                parameter("RoleArn", worker.role.arn),
                parameter("BufferSizeInMBs", String(settings.functionBufferMegabytes)),
                parameter("BufferIntervalInSeconds", "60"),
              ],
            },
            // Firehose splits before it transforms, wherever this stands.
            ...(settings.splitRecords
              ? [{ type: "RecordDeAggregation", parameters: [parameter("SubRecordType", "JSON")] }]
              : []),
          ],
        },
        s3BackupMode: backupLog ? "Enabled" : "Disabled",
        s3BackupConfiguration: backupLog && {
          roleArn: worker.role.arn,
          bucketArn: bucket.arn,
          // Without an expression, Firehose appends the hour: source/2026/11/22/10/.
          prefix: "source/",
          bufferingSize: 128,
          bufferingInterval: 900,
          compressionFormat: "GZIP",
          cloudwatchLoggingOptions: logging(backupLog),
        },
      },
    },
    { ...options, dependsOn: [worker.policy, ...ready] },
  );
}
