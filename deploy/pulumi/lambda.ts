// A function in Rust: its log, a role that may write to that log and do what else it is told, the function itself.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { Place, arn } from "./place";
import { role } from "./role";

export interface LambdaArgs {
  /** The function's name on AWS. */
  name: string;
  description: pulumi.Input<string>;
  /** What cargo-lambda made of the binary. */
  code: pulumi.asset.Archive;
  architecture: string;
  memoryMegabytes: number;
  timeoutSeconds: number;
  logRetentionDays: number;
  variables?: Record<string, pulumi.Input<string>>;
  /** The name of its role's policy; the resource's if it is not given. */
  policyName?: string;
  /** What it may do beside writing to its log. */
  may?: object[];
}

export interface Lambda {
  function: aws.lambda.Function;
  role: aws.iam.Role;
  log: aws.cloudwatch.LogGroup;
}

export function lambda(resource: string, place: Place, args: LambdaArgs, options: pulumi.ResourceOptions): Lambda {
  const { name, variables } = args;
  const log = new aws.cloudwatch.LogGroup(
    resource,
    { name: `/aws/lambda/${name}`, retentionInDays: args.logRetentionDays },
    options,
  );
  const writeLog = {
    Sid: "Log",
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: arn(place, "logs", `log-group:/aws/lambda/${name}:*`),
  };
  const worker = role(
    resource,
    { service: "lambda.amazonaws.com", policyName: args.policyName, may: [writeLog, ...(args.may ?? [])] },
    options,
  );
  const made = new aws.lambda.Function(
    resource,
    {
      name,
      description: args.description,
      code: args.code,
      handler: "bootstrap",
      runtime: "provided.al2023",
      architectures: [args.architecture],
      memorySize: args.memoryMegabytes,
      timeout: args.timeoutSeconds,
      role: worker.role.arn,
      loggingConfig: { logFormat: "Text", logGroup: log.name },
      ...(variables ? { environment: { variables } } : {}),
    },
    { ...options, dependsOn: [worker.policy] },
  );
  return { function: made, role: worker.role, log };
}
