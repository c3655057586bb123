// Scheduled analytics over a lake that exists: the function `jobs`, a schedule that wakes it, and a role that reads the
// lake and writes results. It is what deploy/sam/jobs.yaml makes; tests/deploy holds the two together.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { lambda } from "./lambda";
import { place } from "./place";
import { role } from "./role";

/** Settings of jobs, by the names and with the defaults of deploy/sam/jobs.yaml, which says what each is for. */
export interface JobsSettings {
  bucketName: string;
  jobsPrefix: string;
  prefix: string;
  errorOutputPrefix: string;
  functionName: string;
  scheduleExpression: string;
  timezone: string;
  architecture: "arm64" | "x86_64";
  memoryMegabytes: number;
  timeoutSeconds: number;
  parallel: number;
  /** Empty for alarms that only show. */
  alarmTopicArn: pulumi.Input<string>;
  logRetentionDays: number;
}

export const jobsDefaults: Omit<JobsSettings, "bucketName"> = {
  jobsPrefix: "_jobs/sql",
  prefix:
    "events/eventType=!{partitionKeyFromLambda:eventType}/schemaVersion=!{partitionKeyFromLambda:schemaVersion}/" +
    "year=!{partitionKeyFromLambda:year}/month=!{partitionKeyFromLambda:month}/day=!{partitionKeyFromLambda:day}/" +
    "hour=!{partitionKeyFromLambda:hour}/",
  errorOutputPrefix: "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/",
  functionName: "jobs",
  scheduleExpression: "cron(5/15 * * * ? *)",
  timezone: "UTC",
  architecture: "arm64",
  memoryMegabytes: 2048,
  timeoutSeconds: 600,
  parallel: 1,
  alarmTopicArn: "",
  logRetentionDays: 30,
};

export type JobsArgs = Pick<JobsSettings, "bucketName"> & Partial<JobsSettings> & { code: pulumi.asset.Archive };

/** Jobs over the lake in a bucket. */
export class Jobs extends pulumi.ComponentResource {
  readonly jobsArn: pulumi.Output<string>;

  constructor(name: string, { code, ...given }: JobsArgs, options?: pulumi.ComponentResourceOptions) {
    super("hydrant:deploy:Jobs", name, {}, options);
    const all: JobsSettings = { ...jobsDefaults, ...given };
    const ours = { parent: this };
    const here = place(ours);
    const bucket = pulumi.interpolate`arn:${here.partition}:s3:::${all.bucketName}`;
    const inside = (folder: string) => pulumi.interpolate`${bucket}/${folder}*`;

    const { function: made } = lambda(
      "jobs",
      here,
      {
        name: all.functionName,
        description: `Runs the jobs in s3://${all.bucketName}/${all.jobsPrefix}`,
        code,
        architecture: all.architecture,
        memoryMegabytes: all.memoryMegabytes,
        timeoutSeconds: all.timeoutSeconds,
        logRetentionDays: all.logRetentionDays,
        variables: {
          LAKE: `s3://${all.bucketName}`,
          JOBS: `s3://${all.bucketName}/${all.jobsPrefix}`,
          PREFIX: all.prefix,
          ERROR_OUTPUT_PREFIX: all.errorOutputPrefix,
          PARALLEL: String(all.parallel),
        },
        may: [
          { Sid: "List", Effect: "Allow", Action: "s3:ListBucket", Resource: bucket },
          { Sid: "Read", Effect: "Allow", Action: "s3:GetObject", Resource: inside("") },
          {
            Sid: "Write",
            Effect: "Allow",
            Action: ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"],
            Resource: [inside("_jobs/runs/"), inside("_reports/"), inside("_tables/")],
          },
        ],
      },
      ours,
    );
    // What went wrong is run again when its job's own schedule fires; Lambda's retries would only be sooner.
    new aws.lambda.FunctionEventInvokeConfig(
      "jobs",
      { functionName: made.name, qualifier: "$LATEST", maximumRetryAttempts: 0 },
      ours,
    );
    const invoker = role(
      "schedule",
      {
        service: "scheduler.amazonaws.com",
        condition: { StringEquals: { "aws:SourceAccount": here.account } },
        may: [{ Sid: "Invoke", Effect: "Allow", Action: "lambda:InvokeFunction", Resource: made.arn }],
      },
      ours,
    );
    new aws.scheduler.Schedule(
      "jobs",
      {
        name: all.functionName,
        description: `Asks the function ${all.functionName} for what is due`,
        scheduleExpression: all.scheduleExpression,
        scheduleExpressionTimezone: all.timezone,
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: made.arn,
          roleArn: invoker.role.arn,
          input: '{"due": true}',
          retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: 900 },
        },
      },
      { ...ours, dependsOn: [invoker.policy] },
    );
    this.alarms(all, made);
    this.jobsArn = made.arn;
    this.registerOutputs({ jobsArn: made.arn });
  }

  private alarms(all: JobsSettings, jobs: aws.lambda.Function) {
    const alarm = (name: string, rest: Omit<aws.cloudwatch.MetricAlarmArgs, "evaluationPeriods" | "namespace" | "statistic">) =>
      new aws.cloudwatch.MetricAlarm(
        name,
        {
          name: `${all.functionName}-${name}`,
          namespace: "AWS/Lambda",
          dimensions: { FunctionName: jobs.name },
          statistic: "Sum",
          evaluationPeriods: 1,
          alarmActions: all.alarmTopicArn ? [all.alarmTopicArn] : undefined,
          okActions: all.alarmTopicArn ? [all.alarmTopicArn] : undefined,
          ...rest,
        },
        { parent: this },
      );
    alarm("errors", {
      alarmDescription:
        "A run has no result, or the function fails as a whole. Its log, and `hydrant jobs history`, say why.",
      metricName: "Errors",
      period: 300,
      threshold: 0,
      comparisonOperator: "GreaterThanThreshold",
      treatMissingData: "notBreaching",
    });
    alarm("silence", {
      alarmDescription: "The function was not invoked for a day. Look at the schedule and its role.",
      metricName: "Invocations",
      period: 86400,
      threshold: 1,
      comparisonOperator: "LessThanThreshold",
      treatMissingData: "breaching",
    });
  }
}
