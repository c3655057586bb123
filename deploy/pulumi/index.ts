// The program: one stream, with what `pulumi config set` says. Names are those of settings.ts.
//
//   cargo lambda build --profile lambda -p hydrant-transformer --arm64
//   pulumi up

import * as pulumi from "@pulumi/pulumi";

import { Stream, defaults } from "./stream";

const config = new pulumi.Config();
const given = Object.entries(defaults).map(([name, value]) => {
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
  ...Object.fromEntries(given),
});

export const { streamName, streamArn, lakeUrl, transformerArn, next } = stream;
