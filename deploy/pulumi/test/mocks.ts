// Pulumi without a cloud and without its command: what would be made is recorded instead.

import * as pulumi from "@pulumi/pulumi";

export interface Recorded {
  type: string;
  name: string;
  inputs: Record<string, any>;
}

const account = "123456789012";
const region = "eu-west-1";

/** What AWS would add to a resource, as far as others refer to it. */
function added({ type, name, inputs }: Recorded): Record<string, unknown> {
  switch (type) {
    case "aws:s3/bucket:Bucket": {
      const bucket = inputs.bucket ?? `${name}-made-up`;
      return { bucket, arn: `arn:aws:s3:::${bucket}` };
    }
    case "aws:iam/role:Role":
      return { name, arn: `arn:aws:iam::${account}:role/${name}` };
    case "aws:lambda/function:Function":
      return { arn: `arn:aws:lambda:${region}:${account}:function:${inputs.name}` };
    case "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream":
      return { arn: `arn:aws:firehose:${region}:${account}:deliverystream/${inputs.name}` };
    case "aws:cloudwatch/eventBus:EventBus":
      return { arn: `arn:aws:events:${region}:${account}:event-bus/${inputs.name}` };
    case "aws:cloudwatch/eventRule:EventRule":
      return { arn: `arn:aws:events:${region}:${account}:rule/${inputs.eventBusName}/${inputs.name}` };
    case "aws:cloudwatch/eventApiDestination:EventApiDestination":
      return { arn: `arn:aws:events:${region}:${account}:api-destination/${inputs.name}/1` };
    case "aws:cloudwatch/eventConnection:EventConnection":
      return { arn: `arn:aws:events:${region}:${account}:connection/${inputs.name}/1` };
    case "aws:cloudwatch/eventArchive:EventArchive":
      return { arn: `arn:aws:events:${region}:${account}:archive/${inputs.name}` };
    case "aws:sqs/queue:Queue":
      return {
        arn: `arn:aws:sqs:${region}:${account}:${inputs.name}`,
        url: `https://sqs.${region}.amazonaws.com/${account}/${inputs.name}`,
      };
    case "aws:cognito/userPool:UserPool":
      return { arn: `arn:aws:cognito-idp:${region}:${account}:userpool/${name}-id` };
    default:
      return {};
  }
}

/** Starts recording; the list fills while a program runs. */
export async function record(): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  await pulumi.runtime.setMocks({
    newResource(resource) {
      recorded.push({ type: resource.type, name: resource.name, inputs: resource.inputs });
      return { id: `${resource.name}-id`, state: { ...resource.inputs, ...added(resource) } };
    },
    call({ token }) {
      switch (token) {
        case "aws:index/getCallerIdentity:getCallerIdentity":
          return { accountId: account };
        case "aws:index/getRegion:getRegion":
          return { region };
        case "aws:index/getPartition:getPartition":
          return { partition: "aws" };
        default:
          throw new Error(`no answer for ${token}`);
      }
    },
  });
  return recorded;
}

/** The value of an output. */
export const value = <T>(output: pulumi.Output<T>): Promise<T> =>
  new Promise((resolve) => output.apply((known) => (resolve(known), known)));
