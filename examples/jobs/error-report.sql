---
-- # Why records were refused: a page with a chart for each hour.
-- schedule = "cron(5 * * * ? *)"
-- interval = "1 hour"
-- lateness = "30 minutes"
-- output.file = "_reports/errors/!{timestamp:yyyy/MM/dd/HH}.html"
-- output.chart = "bar"
---
select errorMessage as reason,
       count(*) as records
  from errors
 where arrivalTimestamp >= $start and arrivalTimestamp < $end
 group by 1
 order by 2 desc
