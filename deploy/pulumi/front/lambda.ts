// A function of the front half: small, and named after its stream.

import * as pulumi from "@pulumi/pulumi";

import { Lambda, lambda as made } from "../lambda";
import { Place } from "../place";
import { FrontSettings } from "./settings";

export interface LambdaArgs {
  name: string;
  description: string;
  code: pulumi.asset.Archive;
  timeoutSeconds: number;
  variables?: Record<string, pulumi.Input<string>>;
  policyName?: string;
}

export function lambda(
  settings: FrontSettings,
  place: Place,
  args: LambdaArgs,
  options: pulumi.ResourceOptions,
): Lambda {
  const { architecture, logRetentionDays, streamName } = settings;
  const name = `${streamName}-${args.name}`;
  return made(args.name, place, { ...args, name, architecture, logRetentionDays, memoryMegabytes: 128 }, options);
}
