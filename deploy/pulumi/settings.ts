// What can be set, by the names and with the defaults of deploy/sam/template.yaml; tests/deploy holds the two together.

import * as pulumi from "@pulumi/pulumi";

/** Settings of a stream. Every one has a default; deploy/sam/template.yaml says what each is for. */
export interface Settings {
  streamName: string;
  architecture: "arm64" | "x86_64";
  memoryMegabytes: number;
  functionBufferMegabytes: number;
  partitionKeys: string;
  requireClientId: boolean;
  reingest: boolean;
  bufferMegabytes: number;
  bufferSeconds: number;
  splitRecords: boolean;
  sourceBackup: boolean;
  /** Empty for a name that Pulumi makes up. */
  bucketName: string;
  /** 0 keeps events. */
  eventDays: number;
  errorDays: number;
  sourceDays: number;
  /** Empty for alarms that only show. */
  alarmTopicArn: pulumi.Input<string>;
  freshnessSeconds: number;
  refusedPercent: number;
  logRetentionDays: number;
  createTable: boolean;
  glueDatabaseName: string;
  eventTypes: string;
  lastSchemaVersion: number;
  firstYear: number;
  lastYear: number;
}

export const defaults: Settings = {
  streamName: "client-events",
  architecture: "arm64",
  memoryMegabytes: 256,
  functionBufferMegabytes: 1,
  partitionKeys:
    "eventType=.detail.eventType,schemaVersion=.detail.schemaVersion," +
    'year=.time|utc("yyyy"),month=.time|utc("MM"),day=.time|utc("dd"),hour=.time|utc("HH")',
  requireClientId: false,
  reingest: false,
  bufferMegabytes: 128,
  bufferSeconds: 300,
  splitRecords: false,
  sourceBackup: false,
  bucketName: "",
  eventDays: 0,
  errorDays: 90,
  sourceDays: 30,
  alarmTopicArn: "",
  freshnessSeconds: 1800,
  refusedPercent: 5,
  logRetentionDays: 30,
  createTable: false,
  glueDatabaseName: "hydrant",
  eventTypes: "addtocart,checkout,loyaltypurchase,paging,productview,purchase,searching,shopping",
  lastSchemaVersion: 9,
  firstYear: 2026,
  lastYear: 2035,
};

type Range = [name: keyof Settings, least: number, most: number];

/** The ranges that AWS accepts, and that the template's parameters have. */
export const ranges: Range[] = [
  ["memoryMegabytes", 128, 10240],
  ["functionBufferMegabytes", 0.2, 3],
  ["bufferMegabytes", 64, 128],
  ["bufferSeconds", 60, 900],
  ["eventDays", 0, Infinity],
  ["errorDays", 1, Infinity],
  ["sourceDays", 1, Infinity],
  ["freshnessSeconds", 120, Infinity],
  ["refusedPercent", 0, 100],
];

/** `given` over the defaults. Throws on what AWS would refuse, before anything is made. */
export function settings(given: Partial<Settings>): Settings {
  const all: Settings = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) {
      Object.assign(all, { [name]: value });
    }
  }
  if (!/^[a-zA-Z0-9_-]{1,48}$/.test(all.streamName)) {
    throw new RangeError(
      `streamName is ${JSON.stringify(all.streamName)}: use at most 48 letters, digits, hyphens and underscores`,
    );
  }
  for (const [name, least, most] of ranges) {
    const value = Number(all[name]);
    if (!(value >= least && value <= most)) {
      throw new RangeError(`${name} is ${value}: use ${most === Infinity ? `${least} or more` : `${least} to ${most}`}`);
    }
  }
  return all;
}
