// The lake as a table of Athena. Partitions are worked out from the query: no crawler, and an hour is there as soon
// as its first object.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { Place } from "./place";
import { Settings } from "./settings";

export function table(
  settings: Settings,
  place: Place,
  bucket: pulumi.Output<string>,
  options: pulumi.ResourceOptions,
): aws.glue.CatalogTable {
  const catalogId = place.account;
  const database = new aws.glue.CatalogDatabase("database", { catalogId, name: settings.glueDatabaseName }, options);
  const column = (name: string, type = "string", comment?: string) => ({ name, type, comment });
  const digits = (name: string, range: string) => ({
    [`projection.${name}.type`]: "integer",
    [`projection.${name}.range`]: range,
    [`projection.${name}.digits`]: "2",
  });
  return new aws.glue.CatalogTable(
    "events",
    {
      catalogId,
      databaseName: database.name,
      name: "events",
      tableType: "EXTERNAL_TABLE",
      partitionKeys: [
        column("eventtype"),
        ...["schemaversion", "year", "month", "day", "hour"].map((name) => column(name, "int")),
      ],
      parameters: {
        classification: "json",
        compressionType: "gzip",
        "projection.enabled": "true",
        "projection.eventtype.type": "enum",
        "projection.eventtype.values": settings.eventTypes,
        "projection.schemaversion.type": "integer",
        "projection.schemaversion.range": `1,${settings.lastSchemaVersion}`,
        "projection.year.type": "integer",
        "projection.year.range": `${settings.firstYear},${settings.lastYear}`,
        ...digits("month", "1,12"),
        ...digits("day", "1,31"),
        ...digits("hour", "0,23"),
        "storage.location.template": pulumi.interpolate`s3://${bucket}/events/eventType=\${eventtype}/schemaVersion=\${schemaversion}/year=\${year}/month=\${month}/day=\${day}/hour=\${hour}/`,
      },
      storageDescriptor: {
        location: pulumi.interpolate`s3://${bucket}/events/`,
        inputFormat: "org.apache.hadoop.mapred.TextInputFormat",
        outputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        serDeInfo: {
          serializationLibrary: "org.openx.data.jsonserde.JsonSerDe",
          parameters: {
            // Keys inside detail keep their case, as in json_extract_scalar(detail, '$.clientId').
            "case.insensitive": "false",
            "ignore.malformed.json": "true",
            "mapping.detail_type": "detail-type",
          },
        },
        columns: [
          ...["version", "id", "detail_type", "source", "account", "time", "region"].map((name) => column(name)),
          column("resources", "array<string>"),
          column("detail", "string", "JSON text"),
        ],
      },
    },
    options,
  );
}
