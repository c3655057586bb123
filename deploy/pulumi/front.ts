// The front half of a client-event pipeline as one component: an API that clients post events to with their tokens, a
// user pool, a bus that routes to the delivery stream and to a service desk, an archive. It makes what
// deploy/sam/front.yaml makes; tests/deploy compares the two.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { bus } from "./front/bus";
import { events, uploads } from "./front/api";
import { lambda } from "./front/lambda";
import { FrontSettings, frontSettings } from "./front/settings";
import { users } from "./front/users";
import { arn, place } from "./place";
import { role } from "./role";

export { FrontSettings, frontDefaults } from "./front/settings";

export interface FrontArgs extends Partial<FrontSettings> {
  /** What cargo-lambda made of the binary `authorizer`. */
  authorizer: pulumi.asset.Archive;
  /** What cargo-lambda made of the binary `confirmation`. */
  confirmation: pulumi.asset.Archive;
  /** The user and the API key of the service desk, from a secret; needed with `serviceDeskUrl`. */
  serviceDesk?: { user: pulumi.Input<string>; apiKey: pulumi.Input<string> };
}

export class Front extends pulumi.ComponentResource {
  /** Where clients post events. */
  readonly apiUrl: pulumi.Output<string>;
  /** Where clients post one event. */
  readonly uploadsUrl: pulumi.Output<string>;
  /** The user pool, and the application's id at it. */
  readonly userPoolId: pulumi.Output<string>;
  readonly userPoolClientId: pulumi.Output<string>;
  /** The bus, its archive, and what no target took. */
  readonly busArn: pulumi.Output<string>;
  readonly archiveArn: pulumi.Output<string>;
  readonly deadLettersUrl: pulumi.Output<string>;

  constructor(name: string, args: FrontArgs, options?: pulumi.ComponentResourceOptions) {
    super("hydrant:deploy:Front", name, {}, options);
    const { authorizer: code, confirmation, serviceDesk, ...given } = args;
    const set = frontSettings(given);
    const inside = { parent: this };
    const here = place(inside);

    const routed = bus(set, here, serviceDesk, inside);
    const known = users(set, here, confirmation, inside);
    const authorizer = lambda(
      set,
      here,
      {
        name: "authorizer",
        description: "Says which client a token is of",
        code,
        timeoutSeconds: 10,
        variables: {
          ISSUER: pulumi.interpolate`https://cognito-idp.${here.region}.amazonaws.com/${known.pool.id}`,
          APP_CLIENT_IDS: known.client.id,
          TOKEN_USE: "id",
          CLIENT_ID_CLAIM: "custom:clientId",
        },
      },
      inside,
    );
    const api = role(
      "api",
      {
        service: "apigateway.amazonaws.com",
        may: [{ Sid: "PutEvents", Effect: "Allow", Action: "events:PutEvents", Resource: routed.bus.arn }],
      },
      inside,
    );
    const behind = { authorizer: authorizer.function.arn, role: api.role.arn };

    const restBody = pulumi.jsonStringify(events(set, here, behind));
    const rest = new aws.apigateway.RestApi(
      "events",
      { name: `${set.streamName}-events`, body: restBody, endpointConfiguration: { types: "REGIONAL" } },
      inside,
    );
    const deployment = new aws.apigateway.Deployment(
      "events",
      // Another document is another deployment.
      { restApi: rest.id, triggers: { document: restBody } },
      inside,
    );
    const stage = new aws.apigateway.Stage(
      "events",
      {
        restApi: rest.id,
        deployment: deployment.id,
        stageName: set.stageName,
        variables: { Bus: set.busName, Environment: set.stageName },
      },
      inside,
    );
    new aws.apigateway.MethodSettings(
      "events",
      {
        restApi: rest.id,
        stageName: stage.stageName,
        methodPath: "*/*",
        settings: { throttlingRateLimit: set.requestsPerSecond, throttlingBurstLimit: set.requestBurst },
      },
      inside,
    );
    const http = new aws.apigatewayv2.Api(
      "uploads",
      {
        name: `${set.streamName}-uploads`,
        protocolType: "HTTP",
        body: pulumi.jsonStringify(uploads(set, here, behind)),
      },
      inside,
    );
    new aws.apigatewayv2.Stage(
      "uploads",
      {
        apiId: http.id,
        name: "$default",
        autoDeploy: true,
        defaultRouteSettings: {
          throttlingRateLimit: set.requestsPerSecond,
          throttlingBurstLimit: set.requestBurst,
        },
      },
      inside,
    );
    for (const [api, id] of [
      ["events", rest.id],
      ["uploads", http.id],
    ] as const) {
      new aws.lambda.Permission(
        api,
        {
          action: "lambda:InvokeFunction",
          function: authorizer.function.name,
          principal: "apigateway.amazonaws.com",
          sourceArn: pulumi.interpolate`${arn(here, "execute-api", "")}${id}/authorizers/*`,
        },
        inside,
      );
    }

    const host = (id: pulumi.Output<string>) => pulumi.interpolate`https://${id}.execute-api.${here.region}.amazonaws.com`;
    this.apiUrl = pulumi.interpolate`${host(rest.id)}/${set.stageName}/event`;
    this.uploadsUrl = pulumi.interpolate`${host(http.id)}/uploads`;
    this.userPoolId = known.pool.id;
    this.userPoolClientId = known.client.id;
    this.busArn = routed.bus.arn;
    this.archiveArn = routed.archive.arn;
    this.deadLettersUrl = routed.deadLetters.url;
    this.registerOutputs({ apiUrl: this.apiUrl, uploadsUrl: this.uploadsUrl });
  }
}
