//! The AWS SDK for Rust, unmodified, against `hydrant up`: every operation, and errors as it types them.

use std::collections::HashMap;

use aws_sdk_firehose::{
    Client,
    primitives::Blob,
    types::{
        BufferingHints, CompressionFormat, DeliveryStreamEncryptionConfigurationInput,
        DeliveryStreamEncryptionStatus, DeliveryStreamStatus, ExtendedS3DestinationConfiguration,
        ExtendedS3DestinationUpdate, KeyType, Record, Tag,
    },
};

use crate::{serving::Up, support::Place};

fn client(up: &Up) -> Client {
    Client::new(&up.sdk_config())
}

fn record(text: &str) -> Record {
    Record::builder().data(Blob::new(text)).build().unwrap()
}

#[tokio::test]
async fn the_sdk_drives_every_operation() {
    let place = Place::new();
    let up = Up::start(place.path(), &[]);
    let client = client(&up);
    let destination = ExtendedS3DestinationConfiguration::builder()
        .role_arn("arn:aws:iam::123456789012:role/r")
        .bucket_arn("arn:aws:s3:::b")
        .prefix("s/")
        .buffering_hints(
            BufferingHints::builder()
                .size_in_mbs(1)
                .interval_in_seconds(60)
                .build(),
        )
        .build()
        .unwrap();
    let create = || {
        let call = client
            .create_delivery_stream()
            .delivery_stream_name("s")
            .extended_s3_destination_configuration(destination.clone())
            .tags(Tag::builder().key("stage").value("test").build().unwrap());
        Box::pin(call.send())
    };
    let created = create().await.unwrap();
    assert!(
        created
            .delivery_stream_arn()
            .unwrap()
            .ends_with(":deliverystream/s")
    );
    let again = create().await.unwrap_err().into_service_error();
    assert!(again.is_resource_in_use_exception(), "{again}");

    let put = client
        .put_record()
        .delivery_stream_name("s")
        .record(record("one\n"));
    let put = put.send().await.unwrap();
    assert_eq!(put.record_id().len(), 56);
    let batch = client.put_record_batch().delivery_stream_name("s");
    let batch = batch
        .records(record("two\n"))
        .records(record(""))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (batch.failed_put_count(), batch.request_responses().len()),
        (0, 2)
    );
    let nowhere = client
        .put_record()
        .delivery_stream_name("t")
        .record(record("x"));
    let nowhere = nowhere.send().await.unwrap_err().into_service_error();
    assert!(nowhere.is_resource_not_found_exception(), "{nowhere}");

    let describe = || {
        client
            .describe_delivery_stream()
            .delivery_stream_name("s")
            .send()
    };
    let described = describe().await.unwrap();
    let description = described.delivery_stream_description().unwrap();
    assert_eq!(
        description.delivery_stream_status(),
        &DeliveryStreamStatus::Active
    );
    let first = &description.destinations()[0];
    let extended = first.extended_s3_destination_description().unwrap();
    assert_eq!(
        extended.compression_format(),
        &CompressionFormat::Uncompressed
    );
    assert!(first.s3_destination_description().is_some());
    let update = |version: &str| {
        let call = client
            .update_destination()
            .delivery_stream_name("s")
            .current_delivery_stream_version_id(version)
            .destination_id(first.destination_id())
            .extended_s3_destination_update(
                ExtendedS3DestinationUpdate::builder()
                    .compression_format(CompressionFormat::Gzip)
                    .build(),
            );
        Box::pin(call.send())
    };
    update(description.version_id()).await.unwrap();
    let stale = update(description.version_id())
        .await
        .unwrap_err()
        .into_service_error();
    assert!(stale.is_concurrent_modification_exception(), "{stale}");

    let key = DeliveryStreamEncryptionConfigurationInput::builder()
        .key_type(KeyType::AwsOwnedCmk)
        .build()
        .unwrap();
    let start = client
        .start_delivery_stream_encryption()
        .delivery_stream_name("s");
    start
        .delivery_stream_encryption_configuration_input(key)
        .send()
        .await
        .unwrap();
    let described = describe().await.unwrap();
    let encryption = described.delivery_stream_description().unwrap();
    let encryption = encryption
        .delivery_stream_encryption_configuration()
        .unwrap();
    assert_eq!(
        encryption.status(),
        Some(&DeliveryStreamEncryptionStatus::Enabled)
    );
    let stop = client
        .stop_delivery_stream_encryption()
        .delivery_stream_name("s");
    stop.send().await.unwrap();

    let tag = Tag::builder().key("team").value("data").build().unwrap();
    let tagged = client
        .tag_delivery_stream()
        .delivery_stream_name("s")
        .tags(tag);
    tagged.send().await.unwrap();
    let untagged = client
        .untag_delivery_stream()
        .delivery_stream_name("s")
        .tag_keys("stage");
    untagged.send().await.unwrap();
    let tags = client
        .list_tags_for_delivery_stream()
        .delivery_stream_name("s");
    let tags = tags.send().await.unwrap();
    let tags: HashMap<&str, Option<&str>> = tags
        .tags()
        .iter()
        .map(|tag| (tag.key(), tag.value()))
        .collect();
    assert_eq!(tags, HashMap::from([("team", Some("data"))]));

    up.flush();
    let listed = client.list_delivery_streams().send().await.unwrap();
    assert_eq!(listed.delivery_stream_names(), ["s"]);
    client
        .delete_delivery_stream()
        .delivery_stream_name("s")
        .send()
        .await
        .unwrap();
    let listed = client.list_delivery_streams().send().await.unwrap();
    assert!(listed.delivery_stream_names().is_empty());
    let files = hydrant_testing::files(&place.path().join("lake")).unwrap();
    let written: Vec<u8> = files.into_iter().flat_map(|(_, bytes)| bytes).collect();
    // The two objects of before and after the update, the second compressed, or one.
    assert!(written.starts_with(b"one\ntwo\n"), "{written:?}");
}
