// Prints what the component of the front half makes for the settings in the first argument, as JSON: for tests/deploy.

import * as pulumi from "@pulumi/pulumi";

import { record, value } from "./mocks";

async function main(): Promise<void> {
  const recorded = await record();
  // Mocks must be there before a resource's module is loaded.
  const { Front, frontDefaults } = await import("../front");
  const code = new pulumi.asset.FileArchive(".");
  const given = JSON.parse(process.argv[2] ?? "{}");
  const serviceDesk = { user: "user", apiKey: "key" };
  const front = new Front("hydrant", { authorizer: code, confirmation: code, serviceDesk, ...given });
  const apiUrl = await value(front.apiUrl);
  await pulumi.runtime.disconnect();
  console.log(JSON.stringify({ defaults: frontDefaults, resources: recorded, apiUrl }));
}

void main();
