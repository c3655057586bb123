---
-- # What came in on a day, by the kind of purchase.
-- schedule = "cron(0 6 * * ? *)"
-- timezone = "Europe/Berlin"
-- interval = "1 day"
-- lateness = "2 days"
-- output.table = "daily_revenue"
--
-- [expect]
-- "something was bought" = "sum(purchases) > 0"
-- "every kind has its revenue" = "count(*) = count(revenue)"
-- "no revenue is negative" = "min(revenue) >= 0"
---
select detail.eventType as kind,
       count(*) as purchases,
       count(distinct detail.clientId) as clients,
       round(sum(cast(detail.data.total as double)), 2) as revenue
  from events
 where eventType in ('purchase', 'loyaltypurchase')
   and time >= $start and time < $end
 group by 1
 order by 1
