// The transformer: its function, its log, and a role that may write to that log and little else.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { Place, arn } from "./place";
import { Settings } from "./settings";

export interface Transformer {
  function: aws.lambda.Function;
  log: aws.cloudwatch.LogGroup;
}

export function transformer(
  settings: Settings,
  place: Place,
  code: pulumi.asset.Archive,
  options: pulumi.ResourceOptions,
): Transformer {
  const name = `${settings.streamName}-transformer`;
  const log = new aws.cloudwatch.LogGroup(
    "transformer",
    { name: `/aws/lambda/${name}`, retentionInDays: settings.logRetentionDays },
    options,
  );
  const reingest = {
    Sid: "Reingest",
    Effect: "Allow",
    Action: "firehose:PutRecordBatch",
    Resource: arn(place, "firehose", `deliverystream/${settings.streamName}`),
  };
  const role = new aws.iam.Role(
    "transformer",
    {
      assumeRolePolicy: pulumi.jsonStringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
      }),
    },
    options,
  );
  const policy = new aws.iam.RolePolicy(
    "transformer",
    {
      name: "transformer",
      role: role.name,
      policy: pulumi.jsonStringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "Log",
            Effect: "Allow",
            Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
            Resource: arn(place, "logs", `log-group:/aws/lambda/${name}:*`),
          },
          ...(settings.reingest ? [reingest] : []),
        ],
      }),
    },
    options,
  );
  const lambda = new aws.lambda.Function(
    "transformer",
    {
      name,
      description: `Transforms the records of the delivery stream ${settings.streamName}`,
      code,
      handler: "bootstrap",
      runtime: "provided.al2023",
      architectures: [settings.architecture],
      memorySize: settings.memoryMegabytes,
      timeout: 60,
      role: role.arn,
      loggingConfig: { logFormat: "Text", logGroup: log.name },
      environment: {
        variables: {
          PARTITION_KEYS: settings.partitionKeys,
          REQUIRE_CLIENT_ID: String(settings.requireClientId),
          REINGEST: String(settings.reingest),
        },
      },
    },
    { ...options, dependsOn: [policy] },
  );
  return { function: lambda, log };
}
