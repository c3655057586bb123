// The bus: every client event to the delivery stream, the tickets of loyalty purchases to the service desk, everything
// into an archive, and what no target took into a queue.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { Place, arn } from "../place";
import { document, role } from "../role";
import { FrontSettings } from "./settings";

export interface Routed {
  bus: aws.cloudwatch.EventBus;
  archive: aws.cloudwatch.EventArchive;
  deadLetters: aws.sqs.Queue;
}

/** A role that EventBridge takes for targets of this account, and the one thing that it may do. */
function forEvents(name: string, place: Place, statement: object, options: pulumi.ResourceOptions): aws.iam.Role {
  const condition = { StringEquals: { "aws:SourceAccount": place.account } };
  return role(name, { service: "events.amazonaws.com", condition, may: [statement] }, options).role;
}

export function bus(
  settings: FrontSettings,
  place: Place,
  serviceDesk: { user: pulumi.Input<string>; apiKey: pulumi.Input<string> } | undefined,
  options: pulumi.ResourceOptions,
): Routed {
  const { streamName } = settings;
  const made = new aws.cloudwatch.EventBus("bus", { name: settings.busName }, options);
  const archive = new aws.cloudwatch.EventArchive(
    "archive",
    {
      name: `${streamName}-archive`,
      eventSourceArn: made.arn,
      description: "Every client event, to be replayed",
      eventPattern: JSON.stringify({ source: ["clientevents"] }),
      retentionDays: settings.archiveDays,
    },
    options,
  );
  const deadLetters = new aws.sqs.Queue(
    "dead-letters",
    { name: `${streamName}-dead-letters`, messageRetentionSeconds: 1209600, sqsManagedSseEnabled: true },
    options,
  );
  const rules = [toStream(settings, place, made, deadLetters, options)];
  if (settings.serviceDeskUrl !== "") {
    if (serviceDesk === undefined) {
      throw new RangeError("serviceDeskUrl is given, and serviceDesk, with its user and apiKey, is not");
    }
    rules.push(toServiceDesk(settings, place, made, deadLetters, serviceDesk, options));
  }
  new aws.sqs.QueuePolicy(
    "dead-letters",
    {
      queueUrl: deadLetters.url,
      policy: document([
        {
          Sid: "FromTheRules",
          Effect: "Allow",
          Principal: { Service: "events.amazonaws.com" },
          Action: "sqs:SendMessage",
          Resource: deadLetters.arn,
          Condition: { ArnEquals: { "aws:SourceArn": rules.map((rule) => rule.arn) } },
        },
      ]),
    },
    options,
  );
  return { bus: made, archive, deadLetters };
}

function toStream(
  settings: FrontSettings,
  place: Place,
  from: aws.cloudwatch.EventBus,
  deadLetters: aws.sqs.Queue,
  options: pulumi.ResourceOptions,
): aws.cloudwatch.EventRule {
  const stream = arn(place, "firehose", `deliverystream/${settings.streamName}`);
  const rule = new aws.cloudwatch.EventRule(
    "to-stream",
    {
      name: `${settings.streamName}-to-stream`,
      description: "Every client event goes to the delivery stream, as it is, on a line of its own",
      eventBusName: from.name,
      eventPattern: JSON.stringify({ source: ["clientevents"] }),
    },
    options,
  );
  const put = { Sid: "PutRecords", Effect: "Allow", Action: ["firehose:PutRecord", "firehose:PutRecordBatch"], Resource: stream };
  new aws.cloudwatch.EventTarget(
    "to-stream",
    {
      rule: rule.name,
      eventBusName: from.name,
      targetId: "stream",
      arn: stream,
      roleArn: forEvents("stream", place, put, options).arn,
      // aws.events.event leaves the detail out.
      inputTransformer: { inputTemplate: "<aws.events.event.json>\n" },
      deadLetterConfig: { arn: deadLetters.arn },
    },
    options,
  );
  return rule;
}

function toServiceDesk(
  settings: FrontSettings,
  place: Place,
  from: aws.cloudwatch.EventBus,
  deadLetters: aws.sqs.Queue,
  { user, apiKey }: { user: pulumi.Input<string>; apiKey: pulumi.Input<string> },
  options: pulumi.ResourceOptions,
): aws.cloudwatch.EventRule {
  const name = `${settings.streamName}-service-desk`;
  const connection = new aws.cloudwatch.EventConnection(
    "service-desk",
    { name, authorizationType: "BASIC", authParameters: { basic: { username: user, password: apiKey } } },
    options,
  );
  const desk = new aws.cloudwatch.EventApiDestination(
    "service-desk",
    {
      name,
      connectionArn: connection.arn,
      invocationEndpoint: settings.serviceDeskUrl,
      httpMethod: "POST",
      invocationRateLimitPerSecond: settings.serviceDeskRate,
    },
    options,
  );
  const rule = new aws.cloudwatch.EventRule(
    "to-service-desk",
    {
      name: `${settings.streamName}-to-service-desk`,
      description: "The tickets of loyalty purchases go to the service desk",
      eventBusName: from.name,
      eventPattern: JSON.stringify({ source: ["clientevents"], detail: { eventType: ["loyaltypurchase"] } }),
    },
    options,
  );
  const invoke = { Sid: "Invoke", Effect: "Allow", Action: "events:InvokeApiDestination", Resource: desk.arn };
  new aws.cloudwatch.EventTarget(
    "to-service-desk",
    {
      rule: rule.name,
      eventBusName: from.name,
      targetId: "service-desk",
      arn: desk.arn,
      roleArn: forEvents("service-desk", place, invoke, options).arn,
      inputPath: "$.detail.ticket",
      httpTarget: { headerParameters: { "Content-Type": "application/json" } },
      deadLetterConfig: { arn: deadLetters.arn },
    },
    options,
  );
  return rule;
}
