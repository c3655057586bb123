// A function of the front half: its log, and a role that may write to that log and nothing else.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { Place, arn } from "../place";
import { FrontSettings } from "./settings";

export interface LambdaArgs {
  name: string;
  description: string;
  code: pulumi.asset.Archive;
  timeout: number;
  variables?: Record<string, pulumi.Input<string>>;
}

export function lambda(
  settings: FrontSettings,
  place: Place,
  args: LambdaArgs,
  options: pulumi.ResourceOptions,
): { function: aws.lambda.Function; role: aws.iam.Role } {
  const name = `${settings.streamName}-${args.name}`;
  const log = new aws.cloudwatch.LogGroup(
    args.name,
    { name: `/aws/lambda/${name}`, retentionInDays: settings.logRetentionDays },
    options,
  );
  const role = new aws.iam.Role(
    args.name,
    {
      assumeRolePolicy: pulumi.jsonStringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
      }),
    },
    options,
  );
  const policy = new aws.iam.RolePolicy(
    args.name,
    {
      name: args.name === "authorizer" ? "authorizer" : "log",
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
        ],
      }),
    },
    options,
  );
  const made = new aws.lambda.Function(
    args.name,
    {
      name,
      description: args.description,
      code: args.code,
      handler: "bootstrap",
      runtime: "provided.al2023",
      architectures: [settings.architecture],
      memorySize: 128,
      timeout: args.timeout,
      role: role.arn,
      loggingConfig: { logFormat: "Text", logGroup: log.name },
      ...(args.variables ? { environment: { variables: args.variables } } : {}),
    },
    { ...options, dependsOn: [policy] },
  );
  return { function: made, role };
}
