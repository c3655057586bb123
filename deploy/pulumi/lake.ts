// The bucket: encrypted, private, over TLS alone, tidied up.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { Settings } from "./settings";

export interface Lake {
  bucket: aws.s3.Bucket;
  /** What must be in place before anything is delivered. */
  ready: pulumi.Resource[];
}

export function lake(settings: Settings, options: pulumi.ResourceOptions): Lake {
  const bucket = new aws.s3.Bucket(
    "lake",
    { bucket: settings.bucketName || undefined },
    // Removing the stack must not remove what was collected.
    { ...options, retainOnDelete: true },
  );
  const of = { bucket: bucket.bucket };
  const encryption = new aws.s3.BucketServerSideEncryptionConfiguration(
    "lake",
    { ...of, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
    options,
  );
  const access = new aws.s3.BucketPublicAccessBlock(
    "lake",
    { ...of, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    options,
  );
  new aws.s3.BucketOwnershipControls("lake", { ...of, rule: { objectOwnership: "BucketOwnerEnforced" } }, options);
  const expire = (id: string, days: number) => ({
    id,
    status: "Enabled",
    filter: { prefix: `${id}/` },
    expiration: { days },
  });
  new aws.s3.BucketLifecycleConfiguration(
    "lake",
    {
      ...of,
      rules: [
        {
          id: "abandoned-uploads",
          status: "Enabled",
          filter: {},
          abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        },
        expire("errors", settings.errorDays),
        expire("source", settings.sourceDays),
        ...(settings.eventDays > 0 ? [expire("events", settings.eventDays)] : []),
      ],
    },
    options,
  );
  // Request metrics for the error output alone: the alarm on error objects reads them.
  new aws.s3.BucketMetric("errors", { ...of, name: "errors", filter: { prefix: "errors/" } }, options);
  const deny = (Sid: string, Condition: object) => ({
    Sid,
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [bucket.arn, pulumi.interpolate`${bucket.arn}/*`],
    Condition,
  });
  const policy = new aws.s3.BucketPolicy(
    "lake",
    {
      ...of,
      policy: pulumi.jsonStringify({
        Version: "2012-10-17",
        Statement: [
          deny("OnlyOverTls", { Bool: { "aws:SecureTransport": "false" } }),
          deny("OnlyOverTls12", { NumericLessThan: { "s3:TlsVersion": "1.2" } }),
        ],
      }),
    },
    // S3 takes one change of a bucket's policies at a time.
    { ...options, dependsOn: [access] },
  );
  return { bucket, ready: [encryption, policy] };
}
