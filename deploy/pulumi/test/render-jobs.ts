// Prints what the component of jobs makes for the settings in the first argument, as JSON: for tests/deploy.

import * as pulumi from "@pulumi/pulumi";

import { record } from "./mocks";

async function main(): Promise<void> {
  const recorded = await record();
  // Mocks must be there before a resource's module is loaded.
  const { Jobs, jobsDefaults } = await import("../jobs");
  const given = JSON.parse(process.argv[2] ?? "{}");
  new Jobs("jobs", { code: new pulumi.asset.FileArchive("."), ...given });
  await pulumi.runtime.disconnect();
  console.log(JSON.stringify({ defaults: jobsDefaults, resources: recorded }));
}

void main();
