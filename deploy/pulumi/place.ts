// Where the stack is: what ARNs are made of.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface Place {
  account: pulumi.Output<string>;
  region: pulumi.Output<string>;
  partition: pulumi.Output<string>;
}

export function place(options: pulumi.InvokeOptions): Place {
  return {
    account: aws.getCallerIdentityOutput({}, options).accountId,
    region: aws.getRegionOutput({}, options).region,
    partition: aws.getPartitionOutput({}, options).partition,
  };
}

/** The ARN of something in this account and Region. */
export function arn({ account, region, partition }: Place, service: string, resource: string): pulumi.Output<string> {
  return pulumi.interpolate`arn:${partition}:${service}:${region}:${account}:${resource}`;
}
