//! Archives.

use hydrant_endpoint::ApiError;
use serde_json::{Value, json};

use super::{
    Answer, Api,
    checks::{ARCHIVE_NAME, ARN, Checks, text},
    entries, exists, failed, invalid, listed, not_found, owned, page, present, seconds,
};
use crate::{
    arn::bus_name,
    pattern::Pattern,
    state::{Archive, Definition, Kept},
};

impl Api {
    fn archive(&self, name: &str) -> Result<Kept<Archive>, ApiError> {
        let archive = self.buses.read().archives.get(name).cloned();
        archive.ok_or_else(|| not_found(format!("Archive {name} does not exist.")))
    }

    fn check_pattern(&self, input: &Value) -> Result<Option<String>, ApiError> {
        let pattern = owned(input, "EventPattern").filter(|text| !text.is_empty());
        if let Some(pattern) = &pattern {
            Pattern::with_options(pattern, self.buses.options.patterns)
                .map_err(|error| entries::refused(&error))?;
        }
        Ok(pattern)
    }

    pub(super) async fn create_archive(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let name = checks.required(input, "ArchiveName", ARCHIVE_NAME);
        let source = checks.required(input, "EventSourceArn", ARN);
        checks.optional(input, "EventPattern", text(0, 4096));
        checks.optional(input, "Description", text(0, 512));
        checks.range(
            &input["RetentionDays"],
            "retentionDays",
            0,
            i64::from(u32::MAX),
        );
        checks.done()?;
        let bus = bus_name(source).to_owned();
        if !self.buses.read().buses.contains_key(&bus) {
            return Err(not_found(format!("Event bus {bus} does not exist.")));
        }
        if self.buses.read().archives.contains_key(name) {
            return Err(exists(format!("Archive {name} already exists.")));
        }
        let archive = Archive {
            name: name.to_owned(),
            bus: bus.clone(),
            pattern: self.check_pattern(input)?,
            retention_days: days(input).unwrap_or(0),
            description: owned(input, "Description"),
            created: self.buses.now(),
        };
        let created = seconds(archive.created);
        let kept = self.buses.define(None, Definition::Archive(archive)).await;
        kept.map_err(|error| failed(&error))?;
        self.buses
            .start_lines()
            .await
            .map_err(|error| failed(&error))?;
        self.buses.compile(&bus);
        Ok(json!({
            "ArchiveArn": self.buses.home.archive(name),
            "State": "ENABLED",
            "CreationTime": created,
        }))
    }

    async fn archive_answer(&self, kept: &Kept<Archive>) -> Value {
        let (events, bytes) = self.buses.archive_totals(kept.id).await;
        let archive = &kept.it;
        present(json!({
            "ArchiveName": archive.name,
            "EventSourceArn": self.buses.home.bus(&archive.bus),
            "State": "ENABLED",
            "RetentionDays": archive.retention_days,
            "SizeBytes": bytes,
            "EventCount": events,
            "CreationTime": seconds(archive.created),
        }))
    }

    pub(super) async fn describe_archive(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let name = checks.required(input, "ArchiveName", ARCHIVE_NAME);
        checks.done()?;
        let kept = self.archive(name)?;
        let mut answer = self.archive_answer(&kept).await;
        answer["ArchiveArn"] = self.buses.home.archive(name).into();
        answer["EventPattern"] = kept.it.pattern.into();
        answer["Description"] = kept.it.description.into();
        Ok(present(answer))
    }

    pub(super) async fn list_archives(&self, input: &Value) -> Answer {
        let source = input["EventSourceArn"].as_str().map(bus_name);
        let archives: Vec<Kept<Archive>> = {
            let state = self.buses.read();
            let of_source = |kept: &&Kept<Archive>| source.is_none_or(|bus| kept.it.bus == bus);
            state.archives.values().filter(of_source).cloned().collect()
        };
        let mut answers = Vec::with_capacity(archives.len());
        for kept in &archives {
            answers.push((kept.it.name.as_str(), self.archive_answer(kept).await));
        }
        Ok(listed(
            "Archives",
            page(input, answers.into_iter(), |answer| answer),
        ))
    }

    pub(super) async fn update_archive(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let name = checks.required(input, "ArchiveName", ARCHIVE_NAME);
        checks.range(
            &input["RetentionDays"],
            "retentionDays",
            0,
            i64::from(u32::MAX),
        );
        checks.done()?;
        let mut kept = self.archive(name)?;
        let changes = ["EventPattern", "RetentionDays", "Description"];
        if changes.iter().all(|change| input[*change].is_null()) {
            return Err(invalid(
                "At least one of EventPattern, RetentionDays or Description must be provided.",
            ));
        }
        if !input["EventPattern"].is_null() {
            kept.it.pattern = self.check_pattern(input)?;
        }
        if let Some(days) = days(input) {
            kept.it.retention_days = days;
        }
        if let Some(description) = owned(input, "Description") {
            kept.it.description = Some(description);
        }
        let (bus, created) = (kept.it.bus.clone(), seconds(kept.it.created));
        let kept = self
            .buses
            .define(Some(kept.id), Definition::Archive(kept.it))
            .await;
        kept.map_err(|error| failed(&error))?;
        self.buses.compile(&bus);
        Ok(json!({
            "ArchiveArn": self.buses.home.archive(name),
            "State": "ENABLED",
            "CreationTime": created,
        }))
    }

    pub(super) async fn delete_archive(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let name = checks.required(input, "ArchiveName", ARCHIVE_NAME);
        checks.done()?;
        let kept = self.archive(name)?;
        self.buses
            .forget(kept.id)
            .await
            .map_err(|error| failed(&error))?;
        self.buses.compile(&kept.it.bus);
        self.buses.empty_archive(kept.id, None).await;
        Ok(json!({}))
    }
}

fn days(input: &Value) -> Option<u32> {
    u32::try_from(input["RetentionDays"].as_u64()?).ok()
}
