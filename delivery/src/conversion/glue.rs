//! Tables as AWS Glue describes them, from files.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Column, hive_type::HiveType};

/// Glue tables that are known here, by database and name: what stands in for the Data Catalog when a stream
/// converts its records.
#[derive(Debug, Clone, Default)]
pub struct GlueTables(BTreeMap<(String, String), Vec<Column>>);

/// Why a file holds no table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GlueTablesError {
    /// It is not JSON.
    #[error("not JSON")]
    Json(#[source] serde_json::Error),
    /// It is JSON of no known shape.
    #[error(
        "not a Glue table: give the answer of `aws glue get-table` or `get-tables`, or what \
         `aws glue create-table --cli-input-json` takes"
    )]
    Shape,
    /// A table does not say where it is, and nobody else did.
    #[error("the table `{table}` does not say its database; write DATABASE.TABLE=FILE")]
    NoDatabase {
        /// Its name.
        table: String,
    },
    /// A table has no columns.
    #[error("the table `{table}` has no StorageDescriptor.Columns")]
    NoColumns {
        /// Its name.
        table: String,
    },
    /// A column has a type that there is not, or that no Parquet file has.
    #[error("the column `{column}` of `{table}`: {reason}")]
    Type {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Why.
        reason: String,
    },
    /// One table was asked for by name, and the file has several.
    #[error("there are {count} tables here, and DATABASE.TABLE= names one: leave it out")]
    Several {
        /// How many.
        count: usize,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    Got {
        #[serde(rename = "Table")]
        table: Table,
    },
    List {
        #[serde(rename = "TableList")]
        tables: Vec<Table>,
    },
    Input {
        #[serde(rename = "DatabaseName")]
        database: Option<String>,
        #[serde(rename = "TableInput")]
        table: Table,
    },
    Bare(Table),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Table {
    name: String,
    database_name: Option<String>,
    storage_descriptor: Option<StorageDescriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StorageDescriptor {
    #[serde(default)]
    columns: Vec<GlueColumn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GlueColumn {
    name: String,
    /// Glue takes a column without a type for text.
    #[serde(rename = "Type")]
    kind: Option<String>,
}

impl GlueTables {
    /// Adds the tables of a file: the answer of `GetTable` or `GetTables`, the input of `CreateTable`, or a
    /// table alone. `called` is the database and the name of its one table, whatever the file says.
    ///
    /// # Errors
    ///
    /// [`GlueTablesError`].
    pub fn add(&mut self, json: &str, called: Option<(&str, &str)>) -> Result<(), GlueTablesError> {
        let json: Value = serde_json::from_str(json).map_err(GlueTablesError::Json)?;
        let tables = match File::deserialize(json).map_err(|_| GlueTablesError::Shape)? {
            File::Got { table } | File::Bare(table) => vec![table],
            File::List { tables } => tables,
            File::Input { database, table } => vec![Table {
                database_name: table.database_name.or(database),
                ..table
            }],
        };
        if called.is_some() && tables.len() != 1 {
            return Err(GlueTablesError::Several {
                count: tables.len(),
            });
        }
        for table in tables {
            let columns = columns(&table)?;
            let key = match (called, table.database_name) {
                (Some((database, name)), _) => (database.to_owned(), name.to_owned()),
                (None, Some(database)) => (database, table.name),
                (None, None) => return Err(GlueTablesError::NoDatabase { table: table.name }),
            };
            self.0.insert(key, columns);
        }
        Ok(())
    }

    /// The columns of a table. Names are exact: AWS's own error asks to look at their casing.
    pub(crate) fn columns(&self, database: &str, table: &str) -> Option<&[Column]> {
        let key = (database.to_owned(), table.to_owned());
        self.0.get(&key).map(Vec::as_slice)
    }

    /// A table, as [`Self::add`] reads it.
    pub(crate) fn written(&self, database: &str, table: &str) -> Option<Value> {
        let columns = self.columns(database, table)?.iter();
        let columns: Vec<Value> = columns
            .map(|it| json!({ "Name": it.name, "Type": it.kind.to_string() }))
            .collect();
        Some(json!({
            "DatabaseName": database, "Name": table, "StorageDescriptor": { "Columns": columns },
        }))
    }

    /// These, and one that was [written](Self::written) before, unless there is another of its name.
    pub(crate) fn and_kept(&self, kept: Option<&Value>) -> Self {
        let mut tables = Self::default();
        if let Some(kept) = kept {
            // What is not read is missed, and then named, by the stream that needs it.
            tables.add(&kept.to_string(), None).ok();
        }
        tables.0.extend(self.0.clone());
        tables
    }

    /// The names of all tables, as `database.table`.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0
            .keys()
            .map(|(database, table)| format!("{database}.{table}"))
    }
}

/// The columns of a table, without its partition keys: those are in the path of an object, not in it.
fn columns(table: &Table) -> Result<Vec<Column>, GlueTablesError> {
    let given = table
        .storage_descriptor
        .as_ref()
        .map_or(&[][..], |it| &it.columns);
    if given.is_empty() {
        return Err(GlueTablesError::NoColumns {
            table: table.name.clone(),
        });
    }
    let failed = |column: &GlueColumn, reason: String| GlueTablesError::Type {
        table: table.name.clone(),
        column: column.name.clone(),
        reason,
    };
    let mut columns: Vec<Column> = Vec::with_capacity(given.len());
    for column in given {
        let is_same = |other: &Column| other.name.eq_ignore_ascii_case(&column.name);
        if columns.iter().any(is_same) {
            return Err(failed(column, "it is there twice".to_owned()));
        }
        let kind = HiveType::parse(column.kind.as_deref().unwrap_or("string"))
            .map_err(|error| failed(column, error.to_string()))?;
        columns.push(Column {
            name: column.name.clone(),
            kind,
        });
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"{"Name":"events","DatabaseName":"db","StorageDescriptor":{"Columns":[
        {"Name":"id","Type":"string","Comment":"c"},{"Name":"n","Type":"struct<a:int>"},{"Name":"t"}],
        "Location":"s3://b/"},"PartitionKeys":[{"Name":"day","Type":"string"}],"CreateTime":1.5}"#;

    fn found(json: &str, called: Option<(&str, &str)>) -> Vec<String> {
        let mut tables = GlueTables::default();
        tables.add(json, called).unwrap();
        tables.names().collect()
    }

    #[test]
    fn a_table_is_read_in_every_shape_that_glue_has_for_it() {
        assert_eq!(found(TABLE, None), ["db.events"]);
        assert_eq!(
            found(&format!(r#"{{"Table":{TABLE}}}"#), None),
            ["db.events"]
        );
        let list = format!(
            r#"{{"TableList":[{TABLE},{}]}}"#,
            TABLE.replace("events", "more")
        );
        assert_eq!(found(&list, None), ["db.events", "db.more"]);
        let bare = TABLE.replace(r#""DatabaseName":"db","#, "");
        let input = format!(r#"{{"DatabaseName":"other","TableInput":{bare}}}"#);
        assert_eq!(found(&input, None), ["other.events"]);
        assert_eq!(found(&bare, Some(("x", "y"))), ["x.y"]);
    }

    #[test]
    fn partition_keys_are_no_columns_and_a_column_without_a_type_is_text() {
        let mut tables = GlueTables::default();
        tables.add(TABLE, None).unwrap();
        let columns = tables.columns("db", "events").unwrap();
        let said: Vec<String> = columns
            .iter()
            .map(|column| format!("{} {}", column.name, column.kind))
            .collect();
        assert_eq!(said, ["id string", "n struct<a:int>", "t string"]);
        assert!(tables.columns("DB", "events").is_none());
    }

    #[test]
    fn what_is_kept_of_a_table_is_the_table_and_one_that_is_given_comes_first() {
        let mut given = GlueTables::default();
        given.add(TABLE, None).unwrap();
        let kept = given.written("db", "events").unwrap();
        let read = GlueTables::default().and_kept(Some(&kept));
        assert_eq!(read.columns("db", "events"), given.columns("db", "events"));
        let mut other = GlueTables::default();
        let shorter = TABLE.replace("struct<a:int>", "int");
        other.add(&shorter, None).unwrap();
        let both = other.and_kept(Some(&kept));
        assert_eq!(both.columns("db", "events"), other.columns("db", "events"));
        assert_eq!(given.written("db", "others"), None);
    }

    #[test]
    fn what_is_no_table_says_what_to_give() {
        let wrong = [
            ("{}", None),
            ("nothing", None),
            (
                r#"{"Name":"t","StorageDescriptor":{"Columns":[{"Name":"a","Type":"int"}]}}"#,
                None,
            ),
            (r#"{"Name":"t","DatabaseName":"d"}"#, None),
            (&TABLE.replace("struct<a:int>", "uniontype<int>"), None),
            (r#"{"TableList":[]}"#, Some(("a", "b"))),
        ];
        let said: Vec<String> = wrong
            .iter()
            .map(|(json, called)| {
                let refused = GlueTables::default().add(json, *called).unwrap_err();
                refused.to_string()
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
