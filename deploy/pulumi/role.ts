// A role that one service takes, and what it may do.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface RoleArgs {
  /** Who takes it: `lambda.amazonaws.com`. */
  service: string;
  /** Under which condition only. */
  condition?: object;
  /** The name of the policy; the resource's if it is not given. */
  policyName?: string;
  /** What it may do: statements of the policy. */
  may: object[];
}

export interface Role {
  role: aws.iam.Role;
  /** What uses the role must wait for this: before it, the role may do nothing. */
  policy: aws.iam.RolePolicy;
}

export function document(statements: object[]): pulumi.Output<string> {
  return pulumi.jsonStringify({ Version: "2012-10-17", Statement: statements });
}

export function role(
  name: string,
  { service, condition, policyName = name, may }: RoleArgs,
  options: pulumi.ResourceOptions,
): Role {
  const assume = { Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" };
  const made = new aws.iam.Role(
    name,
    { assumeRolePolicy: document([condition ? { ...assume, Condition: condition } : assume]) },
    options,
  );
  const policy = new aws.iam.RolePolicy(name, { name: policyName, role: made.name, policy: document(may) }, options);
  return { role: made, policy };
}
