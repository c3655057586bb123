---
-- # What people look for and do not find: a file for each day.
-- schedule = "rate(1 day)"
-- interval = "1 day"
-- output.file = "_reports/searches-without-results/!{timestamp:yyyy/MM/dd}.csv"
-- expect."each term once" = "count(*) = count(distinct term)"
---
select detail.data.searchTerm as term,
       count(*) as searches,
       count(distinct detail.clientId) as clients
  from events
 where eventType = 'searching' and detail.data.results = 0
   and time >= $start and time < $end
 group by 1
 order by searches desc, term
 limit 100
