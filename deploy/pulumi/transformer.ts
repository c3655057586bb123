// The transformer: a function whose role may write to its log and, if it sends records again, to its stream.

import * as pulumi from "@pulumi/pulumi";

import { Lambda, lambda } from "./lambda";
import { Place, arn } from "./place";
import { Settings } from "./settings";

export function transformer(
  settings: Settings,
  place: Place,
  code: pulumi.asset.Archive,
  options: pulumi.ResourceOptions,
): Lambda {
  const reingest = {
    Sid: "Reingest",
    Effect: "Allow",
    Action: "firehose:PutRecordBatch",
    Resource: arn(place, "firehose", `deliverystream/${settings.streamName}`),
  };
  return lambda(
    "transformer",
    place,
    {
      name: `${settings.streamName}-transformer`,
      description: `Transforms the records of the delivery stream ${settings.streamName}`,
      code,
      architecture: settings.architecture,
      memoryMegabytes: settings.memoryMegabytes,
      timeoutSeconds: 60,
      logRetentionDays: settings.logRetentionDays,
      variables: {
        PARTITION_KEYS: settings.partitionKeys,
        REQUIRE_CLIENT_ID: String(settings.requireClientId),
        REINGEST: String(settings.reingest),
      },
      may: settings.reingest ? [reingest] : [],
    },
    options,
  );
}
