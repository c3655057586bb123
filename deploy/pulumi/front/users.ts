// Who the clients are: a user pool whose users get a client id when they confirm, and never another.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { Place } from "../place";
import { document } from "../role";
import { lambda } from "./lambda";
import { FrontSettings } from "./settings";

export interface Users {
  pool: aws.cognito.UserPool;
  client: aws.cognito.UserPoolClient;
}

export function users(
  settings: FrontSettings,
  place: Place,
  code: pulumi.asset.Archive,
  options: pulumi.ResourceOptions,
): Users {
  const confirmation = lambda(
    settings,
    place,
    // Cognito waits no longer.
    {
      name: "confirmation",
      description: "Gives a user who has confirmed a client id",
      code,
      timeoutSeconds: 5,
      policyName: "log",
    },
    options,
  );
  const pool = new aws.cognito.UserPool(
    "users",
    {
      name: `${settings.streamName}-clients`,
      usernameAttributes: ["email"],
      autoVerifiedAttributes: ["email"],
      passwordPolicy: {
        minimumLength: 12,
        requireLowercase: true,
        requireNumbers: true,
        requireUppercase: true,
        requireSymbols: false,
      },
      // The confirmation function sets it once; no application may write it.
      schemas: [{ name: "clientId", attributeDataType: "String", mutable: true, stringAttributeConstraints: {} }],
      lambdaConfig: { postConfirmation: confirmation.function.arn },
    },
    { ...options, retainOnDelete: true },
  );
  const client = new aws.cognito.UserPoolClient(
    "users",
    {
      name: `${settings.streamName}-app`,
      userPoolId: pool.id,
      explicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
      preventUserExistenceErrors: "ENABLED",
      readAttributes: ["email", "custom:clientId"],
      // Without this list an application could write custom:clientId, and be any client.
      writeAttributes: ["email"],
    },
    options,
  );
  new aws.iam.RolePolicy(
    "users",
    {
      name: "users",
      role: confirmation.role.name,
      policy: document([
        { Sid: "SetClientId", Effect: "Allow", Action: "cognito-idp:AdminUpdateUserAttributes", Resource: pool.arn },
      ]),
    },
    options,
  );
  new aws.lambda.Permission(
    "users",
    {
      action: "lambda:InvokeFunction",
      function: confirmation.function.name,
      principal: "cognito-idp.amazonaws.com",
      sourceArn: pool.arn,
    },
    options,
  );
  return { pool, client };
}
