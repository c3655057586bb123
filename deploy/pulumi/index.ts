// The program: one stream, and the APIs and the bus in front of it, with what `pulumi config set` says. Names are those
// of settings.ts and front/settings.ts; `frontDoor` false leaves the front out.
//
//   cargo lambda build --profile lambda -p hydrant-transformer -p hydrant-gateway --arm64
//   pulumi up

import * as pulumi from "@pulumi/pulumi";

import { Front, frontDefaults } from "./front";
import { Stream, defaults } from "./stream";

const config = new pulumi.Config();

/** What the configuration says of settings that have these defaults. */
const configured = (settings: object) => Object.entries(settings).map(([name, value]) => {
  switch (typeof value) {
    case "number":
      return [name, config.getNumber(name)];
    case "boolean":
      return [name, config.getBoolean(name)];
    default:
      return [name, config.get(name)];
  }
});

const stream = new Stream("hydrant", {
  code: new pulumi.asset.FileArchive(config.get("code") ?? "../../target/lambda/transformer"),
  ...Object.fromEntries(configured(defaults)),
});

const built = (binary: string) => new pulumi.asset.FileArchive(`../../target/lambda/${binary}`);
const front =
  config.getBoolean("frontDoor") === false
    ? undefined
    : new Front(
        "hydrant-front",
        {
          authorizer: built("authorizer"),
          confirmation: built("confirmation"),
          serviceDesk: config.get("serviceDeskUrl")
            ? { user: config.require("serviceDeskUser"), apiKey: config.requireSecret("serviceDeskApiKey") }
            : undefined,
          ...Object.fromEntries(configured(frontDefaults)),
        },
        { dependsOn: stream },
      );

export const { streamName, streamArn, lakeUrl, transformerArn, next } = stream;
export const apiUrl = front?.apiUrl;
export const userPoolId = front?.userPoolId;
export const userPoolClientId = front?.userPoolClientId;
