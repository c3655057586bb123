// Prints what the component makes for the settings in the first argument, as JSON: for tests/deploy.

import * as pulumi from "@pulumi/pulumi";

import { record, value } from "./mocks";

async function main(): Promise<void> {
  const recorded = await record();
  // Mocks must be there before a resource's module is loaded.
  const { Stream, defaults } = await import("../stream");
  const { ranges } = await import("../settings");
  const given = JSON.parse(process.argv[2] ?? "{}");
  const stream = new Stream("hydrant", { code: new pulumi.asset.FileArchive("."), ...given });
  const next = Object.entries(stream.next).map(async ([name, command]) => [name, await value(command)]);
  const commands = Object.fromEntries(await Promise.all(next));
  await pulumi.runtime.disconnect();
  console.log(JSON.stringify({ defaults, ranges, resources: recorded, next: commands }));
}

void main();
