//! `\?`.

pub(super) const TEXT: &str = "\
A statement ends with ; and may take several lines. Tab completes names, Ctrl-R searches what was typed
before, Ctrl-C stops a query, Ctrl-D ends the session.

  \\d              the tables
  \\d TABLE        its columns, and the fields in them
  \\format FORMAT  table, vertical, csv, tsv, json, ndjson or markdown; alone: table again
  \\x              the same as \\format vertical
  \\chart KIND     draw answers: bar, line or area; alone: no longer
  \\o FILE         write the next answers to a file, whose name says the format: .csv, .tsv, .json, .ndjson,
                  .md, .parquet, .arrow, and with \\chart .svg, .png and .html; alone: here again
  \\i FILE         run a script
  \\stats          say what each query cost, or no longer
  \\timing         say how long each query took, or no longer
  \\q              quit

Try:  select eventType, count(*) as events from events group by 1 order by 2 desc;
      select date_trunc('hour', time) as hour, count(*) as events from events group by 1;";
