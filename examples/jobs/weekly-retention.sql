---
-- # Of the clients of the week before, how many came again?
-- schedule = "cron(0 7 ? * MON *)"
-- timezone = "Europe/Berlin"
-- interval = "1 week"
-- lateness = "1 day"
-- output.table = "weekly_retention"
-- expect."nobody returns who was not there" = "min(clients - returned) >= 0"
---
with weeks as (
  select retention(time < $start, time >= $start) as seen
    from events
   where time >= $start - interval '7 days' and time < $end
     and detail.clientId is not null
   group by detail.clientId
)
select coalesce(sum(seen[1]), 0) as clients,
       coalesce(sum(seen[2]), 0) as returned,
       round(100.0 * sum(seen[2]) / nullif(sum(seen[1]), 0), 1) as percent
  from weeks
