// The two APIs as OpenAPI documents: the same as in deploy/sam/front.yaml, where the comments are; tests/deploy compares
// them, the mapping template to the byte.

import * as pulumi from "@pulumi/pulumi";

import { Place } from "../place";
import { FrontSettings } from "./settings";

/** What stands behind the APIs. */
export interface Behind {
  authorizer: pulumi.Input<string>;
  role: pulumi.Input<string>;
}

/** POST /event takes up to ten events at once. */
export function events(settings: FrontSettings, place: Place, behind: Behind): object {
  return {
    openapi: "3.0.1",
    info: {
      title: `${settings.streamName}-events`,
      version: "1",
    },
    "x-amazon-apigateway-request-validators": {
      body: {
        validateRequestBody: true,
        validateRequestParameters: false,
      },
    },
    "x-amazon-apigateway-gateway-responses": {
      BAD_REQUEST_BODY: {
        responseTemplates: {
          "application/json": "{\"message\":$context.error.messageString,\"reason\":\"$context.error.validationErrorString\"}",
        },
      },
    },
    components: {
      schemas: {
        Events: {
          type: "object",
          required: ["entries"],
          properties: {
            entries: {
              type: "array",
              minItems: 1,
              maxItems: 10,
              items: {
                type: "object",
                required: ["entry"],
                properties: {
                  entry: {
                    type: "string",
                    minLength: 2,
                  },
                },
              },
            },
          },
        },
      },
      securitySchemes: {
        Client: {
          type: "apiKey",
          name: "Authorization",
          in: "header",
          "x-amazon-apigateway-authtype": "custom",
          "x-amazon-apigateway-authorizer": {
            type: "token",
            authorizerUri: pulumi.interpolate`arn:${place.partition}:apigateway:${place.region}:lambda:path/2015-03-31/functions/${behind.authorizer}/invocations`,
            authorizerResultTtlInSeconds: 60,
          },
        },
      },
    },
    paths: {
      "/event": {
        post: {
          security: [{
            Client: [],
          }],
          "x-amazon-apigateway-request-validator": "body",
          requestBody: {
            required: true,
            content: {
              "application/json": {
                schema: {
                  $ref: "#/components/schemas/Events",
                },
              },
            },
          },
          responses: {
            "200": {
              description: "Every event was accepted",
            },
            "207": {
              description: "Not every event was accepted",
            },
            "400": {
              description: "None was accepted",
            },
            "502": {
              description: "The bus did not answer",
            },
          },
          "x-amazon-apigateway-integration": {
            type: "aws",
            uri: pulumi.interpolate`arn:${place.partition}:apigateway:${place.region}:events:action/PutEvents`,
            httpMethod: "POST",
            credentials: behind.role,
            passthroughBehavior: "never",
            requestTemplates: {
              "application/json": [
                "#set($context.requestOverride.header.X-Amz-Target = \"AWSEvents.PutEvents\")",
                "#set($context.requestOverride.header.Content-Type = \"application/x-amz-json-1.1\")",
                "{",
                "  \"Entries\": [",
                "#foreach($element in $input.path('$.entries'))",
                "    {",
                "      \"Source\": \"clientevents\",",
                "      \"DetailType\": \"$stageVariables.Environment\",",
                "      \"EventBusName\": \"$stageVariables.Bus\",",
                "      \"Resources\": [\"$util.escapeJavaScript($context.authorizer.clientId).replaceAll(\"\\\\'\", \"'\")\"],",
                "      \"Detail\": \"$util.escapeJavaScript($element.entry).replaceAll(\"\\\\'\", \"'\")\"",
                "    }#if($foreach.hasNext),#end",
                "",
                "#end",
                "  ]",
                "}",
                "",
              ].join("\n"),
            },
            responses: {
              "2\\d{2}": {
                statusCode: "200",
                responseTemplates: {
                  "application/json": [
                    "#set($failed = $input.path('$.FailedEntryCount'))",
                    "#if($failed > 0)",
                    "#set($context.responseOverride.status = 207)",
                    "#end",
                    "$input.json('$')",
                    "",
                  ].join("\n"),
                },
              },
              "4\\d{2}": {
                statusCode: "400",
                responseTemplates: {
                  "application/json": "{\"message\":\"The bus did not accept the events\",\"reason\":$input.json('$.message'),\"error\":$input.json('$.__type')}",
                },
              },
              default: {
                statusCode: "502",
                responseTemplates: {
                  "application/json": "{\"message\":\"The bus did not answer; send the events again\"}",
                },
              },
            },
          },
        },
      },
    },
  };
}

/** POST /uploads takes one event, which is the whole body. */
export function uploads(settings: FrontSettings, place: Place, behind: Behind): object {
  return {
    openapi: "3.0.1",
    info: {
      title: `${settings.streamName}-uploads`,
      version: "1",
    },
    components: {
      securitySchemes: {
        Client: {
          type: "apiKey",
          name: "Authorization",
          in: "header",
          "x-amazon-apigateway-authorizer": {
            type: "request",
            identitySource: "$request.header.Authorization",
            authorizerUri: pulumi.interpolate`arn:${place.partition}:apigateway:${place.region}:lambda:path/2015-03-31/functions/${behind.authorizer}/invocations`,
            authorizerPayloadFormatVersion: "2.0",
            authorizerResultTtlInSeconds: 60,
            enableSimpleResponses: true,
          },
        },
      },
    },
    paths: {
      "/uploads": {
        post: {
          security: [{
            Client: [],
          }],
          responses: {
            "200": {
              description: "The answer of PutEvents",
            },
          },
          "x-amazon-apigateway-integration": {
            type: "aws_proxy",
            integrationSubtype: "EventBridge-PutEvents",
            payloadFormatVersion: "1.0",
            credentials: behind.role,
            requestParameters: {
              Source: "clientevents",
              DetailType: "upload",
              EventBusName: settings.busName,
              Resources: "$context.authorizer.clientId",
              Detail: "$request.body",
            },
          },
        },
      },
    },
  };
}
