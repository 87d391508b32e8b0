CREATE TEMP TABLE "rows" AS
SELECT
    file_row_number AS __row,
    CAST("scheduled_departure" AS TIMESTAMP) AS __timestamp,
    CAST((arr_delay > 15) AS BOOLEAN) AS __label,
    "flight_id",
    "carrier",
    "distance",
    "hour",
    "origin"
FROM "spine"
WHERE (arr_delay IS NOT NULL);

CREATE TEMP TABLE "rows without time" AS
SELECT CASE WHEN count(*) > 0 THEN error('spine timestamp ''scheduled_departure'' is null in ' || count(*) || ' rows') END AS "check"
FROM "rows"
WHERE __timestamp IS NULL;

CREATE TEMP TABLE "points:origin-delays" AS
SELECT DISTINCT "origin", __timestamp
FROM "rows"
WHERE "origin" IS NOT NULL;

-- The table "bounds:origin-delays": by a binary search for each of these points in the rows of "view:origin-delays",
-- "before:0s": the entity's rows end, or __event < "time:0s" does, here,
-- "before:1h": the entity's rows end, or __event < "time:1h" does, here,
-- "before:6h": the entity's rows end, or __event < "time:6h" does, here,
-- "before:24h": the entity's rows end, or __event < "time:24h" does, here,
-- "before:7d": the entity's rows end, or __event < "time:7d" does, here,
-- "before:1h:count:arr_delay_mean": "count:arr_delay_mean" before "before:1h",
-- "before:0s:count:arr_delay_mean": "count:arr_delay_mean" before "before:0s",
-- "before:1h:sum:arr_delay_mean": "sum:arr_delay_mean" before "before:1h",
-- "before:0s:sum:arr_delay_mean": "sum:arr_delay_mean" before "before:0s",
-- "before:6h:count:arr_delay_mean": "count:arr_delay_mean" before "before:6h",
-- "before:6h:sum:arr_delay_mean": "sum:arr_delay_mean" before "before:6h",
-- "before:24h:count:arr_delay_mean": "count:arr_delay_mean" before "before:24h",
-- "before:24h:sum:arr_delay_mean": "sum:arr_delay_mean" before "before:24h",
-- "before:7d:count:arr_delay_mean": "count:arr_delay_mean" before "before:7d",
-- "before:7d:sum:arr_delay_mean": "sum:arr_delay_mean" before "before:7d",
-- "before:1h:count:late_rate": "count:late_rate" before "before:1h",
-- "before:0s:count:late_rate": "count:late_rate" before "before:0s",
-- "before:1h:sum:late_rate": "sum:late_rate" before "before:1h",
-- "before:0s:sum:late_rate": "sum:late_rate" before "before:0s",
-- "before:6h:count:late_rate": "count:late_rate" before "before:6h",
-- "before:6h:sum:late_rate": "sum:late_rate" before "before:6h",
-- "before:24h:count:late_rate": "count:late_rate" before "before:24h",
-- "before:24h:sum:late_rate": "sum:late_rate" before "before:24h",
-- "before:7d:count:late_rate": "count:late_rate" before "before:7d",
-- "before:7d:sum:late_rate": "sum:late_rate" before "before:7d",
-- if "before:0s" > __begin.
SELECT
    p.rowid AS __point,
    o.__begin,
    o.__end,
    p.__timestamp AS "time:0s",
    p.__timestamp - INTERVAL 3600 SECOND AS "time:1h",
    p.__timestamp - INTERVAL 21600 SECOND AS "time:6h",
    p.__timestamp - INTERVAL 86400 SECOND AS "time:24h",
    p.__timestamp - INTERVAL 604800 SECOND AS "time:7d"
FROM "points:origin-delays" AS p
JOIN (
    SELECT
        "origin",
        min(file_row_number) AS __begin,
        max(file_row_number) + 1 AS __end
    FROM "view:origin-delays"
    GROUP BY "origin"
) AS o
    ON p."origin" = o."origin";

CREATE TEMP TABLE "points:carrier-delays" AS
SELECT DISTINCT "carrier", __timestamp
FROM "rows"
WHERE "carrier" IS NOT NULL;

-- The table "bounds:carrier-delays": by a binary search for each of these points in the rows of "view:carrier-delays",
-- "before:0s": the entity's rows end, or __event < "time:0s" does, here,
-- "before:1h": the entity's rows end, or __event < "time:1h" does, here,
-- "before:6h": the entity's rows end, or __event < "time:6h" does, here,
-- "before:24h": the entity's rows end, or __event < "time:24h" does, here,
-- "before:7d": the entity's rows end, or __event < "time:7d" does, here,
-- "before:1h:count:arr_delay_mean": "count:arr_delay_mean" before "before:1h",
-- "before:0s:count:arr_delay_mean": "count:arr_delay_mean" before "before:0s",
-- "before:1h:sum:arr_delay_mean": "sum:arr_delay_mean" before "before:1h",
-- "before:0s:sum:arr_delay_mean": "sum:arr_delay_mean" before "before:0s",
-- "before:6h:count:arr_delay_mean": "count:arr_delay_mean" before "before:6h",
-- "before:6h:sum:arr_delay_mean": "sum:arr_delay_mean" before "before:6h",
-- "before:24h:count:arr_delay_mean": "count:arr_delay_mean" before "before:24h",
-- "before:24h:sum:arr_delay_mean": "sum:arr_delay_mean" before "before:24h",
-- "before:7d:count:arr_delay_mean": "count:arr_delay_mean" before "before:7d",
-- "before:7d:sum:arr_delay_mean": "sum:arr_delay_mean" before "before:7d",
-- "before:1h:count:late_rate": "count:late_rate" before "before:1h",
-- "before:0s:count:late_rate": "count:late_rate" before "before:0s",
-- "before:1h:sum:late_rate": "sum:late_rate" before "before:1h",
-- "before:0s:sum:late_rate": "sum:late_rate" before "before:0s",
-- "before:6h:count:late_rate": "count:late_rate" before "before:6h",
-- "before:6h:sum:late_rate": "sum:late_rate" before "before:6h",
-- "before:24h:count:late_rate": "count:late_rate" before "before:24h",
-- "before:24h:sum:late_rate": "sum:late_rate" before "before:24h",
-- "before:7d:count:late_rate": "count:late_rate" before "before:7d",
-- "before:7d:sum:late_rate": "sum:late_rate" before "before:7d",
-- if "before:0s" > __begin.
SELECT
    p.rowid AS __point,
    o.__begin,
    o.__end,
    p.__timestamp AS "time:0s",
    p.__timestamp - INTERVAL 3600 SECOND AS "time:1h",
    p.__timestamp - INTERVAL 21600 SECOND AS "time:6h",
    p.__timestamp - INTERVAL 86400 SECOND AS "time:24h",
    p.__timestamp - INTERVAL 604800 SECOND AS "time:7d"
FROM "points:carrier-delays" AS p
JOIN (
    SELECT
        "carrier",
        min(file_row_number) AS __begin,
        max(file_row_number) + 1 AS __end
    FROM "view:carrier-delays"
    GROUP BY "carrier"
) AS o
    ON p."carrier" = o."carrier";

-- The table "bounds:weather": by a binary search for each of these points in the rows of "view:weather",
-- "before:1h": the entity's rows end, or __event < "time:1h" does, here,
-- if "before:1h" > __begin.
SELECT
    p.__row,
    p.__timestamp,
    o.__begin,
    o.__end,
    p.__timestamp - INTERVAL 3600 SECOND AS "time:1h"
FROM "rows" AS p
JOIN (
    SELECT
        "origin",
        min(file_row_number) AS __begin,
        max(file_row_number) + 1 AS __end
    FROM "view:weather"
    GROUP BY "origin"
) AS o
    ON p."origin" = o."origin";

SELECT
    r."flight_id",
    r.__timestamp,
    CASE
        WHEN r.__timestamp < TIMESTAMP '2013-10-01' THEN 'train'
        WHEN r.__timestamp < TIMESTAMP '2013-11-01' THEN 'validation'
        ELSE 'test'
    END AS __split,
    r.__label AS "late",
    coalesce(r."carrier", '') AS "carrier",
    CAST(r."distance" AS FLOAT) AS "distance",
    CAST(r."hour" AS FLOAT) AS "hour",
    coalesce("values:origin-delays"."origin-delays__landed_1h", 0::FLOAT) AS "origin-delays__landed_1h",
    coalesce("values:origin-delays"."origin-delays__landed_6h", 0::FLOAT) AS "origin-delays__landed_6h",
    coalesce("values:origin-delays"."origin-delays__landed_24h", 0::FLOAT) AS "origin-delays__landed_24h",
    coalesce("values:origin-delays"."origin-delays__landed_7d", 0::FLOAT) AS "origin-delays__landed_7d",
    "values:origin-delays"."origin-delays__arr_delay_mean_1h" AS "origin-delays__arr_delay_mean_1h",
    "values:origin-delays"."origin-delays__arr_delay_mean_6h" AS "origin-delays__arr_delay_mean_6h",
    "values:origin-delays"."origin-delays__arr_delay_mean_24h" AS "origin-delays__arr_delay_mean_24h",
    "values:origin-delays"."origin-delays__arr_delay_mean_7d" AS "origin-delays__arr_delay_mean_7d",
    "values:origin-delays"."origin-delays__late_rate_1h" AS "origin-delays__late_rate_1h",
    "values:origin-delays"."origin-delays__late_rate_6h" AS "origin-delays__late_rate_6h",
    "values:origin-delays"."origin-delays__late_rate_24h" AS "origin-delays__late_rate_24h",
    "values:origin-delays"."origin-delays__late_rate_7d" AS "origin-delays__late_rate_7d",
    coalesce("values:carrier-delays"."carrier-delays__landed_1h", 0::FLOAT) AS "carrier-delays__landed_1h",
    coalesce("values:carrier-delays"."carrier-delays__landed_6h", 0::FLOAT) AS "carrier-delays__landed_6h",
    coalesce("values:carrier-delays"."carrier-delays__landed_24h", 0::FLOAT) AS "carrier-delays__landed_24h",
    coalesce("values:carrier-delays"."carrier-delays__landed_7d", 0::FLOAT) AS "carrier-delays__landed_7d",
    "values:carrier-delays"."carrier-delays__arr_delay_mean_1h" AS "carrier-delays__arr_delay_mean_1h",
    "values:carrier-delays"."carrier-delays__arr_delay_mean_6h" AS "carrier-delays__arr_delay_mean_6h",
    "values:carrier-delays"."carrier-delays__arr_delay_mean_24h" AS "carrier-delays__arr_delay_mean_24h",
    "values:carrier-delays"."carrier-delays__arr_delay_mean_7d" AS "carrier-delays__arr_delay_mean_7d",
    "values:carrier-delays"."carrier-delays__late_rate_1h" AS "carrier-delays__late_rate_1h",
    "values:carrier-delays"."carrier-delays__late_rate_6h" AS "carrier-delays__late_rate_6h",
    "values:carrier-delays"."carrier-delays__late_rate_24h" AS "carrier-delays__late_rate_24h",
    "values:carrier-delays"."carrier-delays__late_rate_7d" AS "carrier-delays__late_rate_7d",
    "values:weather"."weather__temp" AS "weather__temp",
    "values:weather"."weather__wind_speed" AS "weather__wind_speed",
    "values:weather"."weather__foggy" AS "weather__foggy"
FROM "rows" AS r
LEFT JOIN (
SELECT
    p."origin",
    p.__timestamp,
    CAST((b."before:0s" - b."before:1h") AS FLOAT) AS "origin-delays__landed_1h",
    CAST((b."before:0s" - b."before:6h") AS FLOAT) AS "origin-delays__landed_6h",
    CAST((b."before:0s" - b."before:24h") AS FLOAT) AS "origin-delays__landed_24h",
    CAST((b."before:0s" - b."before:7d") AS FLOAT) AS "origin-delays__landed_7d",
    CAST(CAST((b."before:0s:sum:arr_delay_mean" - b."before:1h:sum:arr_delay_mean") AS DOUBLE) / nullif((b."before:0s:count:arr_delay_mean" - b."before:1h:count:arr_delay_mean"), 0) AS FLOAT) AS "origin-delays__arr_delay_mean_1h",
    CAST(CAST((b."before:0s:sum:arr_delay_mean" - b."before:6h:sum:arr_delay_mean") AS DOUBLE) / nullif((b."before:0s:count:arr_delay_mean" - b."before:6h:count:arr_delay_mean"), 0) AS FLOAT) AS "origin-delays__arr_delay_mean_6h",
    CAST(CAST((b."before:0s:sum:arr_delay_mean" - b."before:24h:sum:arr_delay_mean") AS DOUBLE) / nullif((b."before:0s:count:arr_delay_mean" - b."before:24h:count:arr_delay_mean"), 0) AS FLOAT) AS "origin-delays__arr_delay_mean_24h",
    CAST(CAST((b."before:0s:sum:arr_delay_mean" - b."before:7d:sum:arr_delay_mean") AS DOUBLE) / nullif((b."before:0s:count:arr_delay_mean" - b."before:7d:count:arr_delay_mean"), 0) AS FLOAT) AS "origin-delays__arr_delay_mean_7d",
    CAST(CAST((b."before:0s:sum:late_rate" - b."before:1h:sum:late_rate") AS DOUBLE) / nullif((b."before:0s:count:late_rate" - b."before:1h:count:late_rate"), 0) AS FLOAT) AS "origin-delays__late_rate_1h",
    CAST(CAST((b."before:0s:sum:late_rate" - b."before:6h:sum:late_rate") AS DOUBLE) / nullif((b."before:0s:count:late_rate" - b."before:6h:count:late_rate"), 0) AS FLOAT) AS "origin-delays__late_rate_6h",
    CAST(CAST((b."before:0s:sum:late_rate" - b."before:24h:sum:late_rate") AS DOUBLE) / nullif((b."before:0s:count:late_rate" - b."before:24h:count:late_rate"), 0) AS FLOAT) AS "origin-delays__late_rate_24h",
    CAST(CAST((b."before:0s:sum:late_rate" - b."before:7d:sum:late_rate") AS DOUBLE) / nullif((b."before:0s:count:late_rate" - b."before:7d:count:late_rate"), 0) AS FLOAT) AS "origin-delays__late_rate_7d"
FROM "bounds:origin-delays" AS b
JOIN "points:origin-delays" AS p ON p.rowid = b.__point
) AS "values:origin-delays"
    ON r."origin" = "values:origin-delays"."origin" AND r.__timestamp = "values:origin-delays".__timestamp
LEFT JOIN (
SELECT
    p."carrier",
    p.__timestamp,
    CAST((b."before:0s" - b."before:1h") AS FLOAT) AS "carrier-delays__landed_1h",
    CAST((b."before:0s" - b."before:6h") AS FLOAT) AS "carrier-delays__landed_6h",
    CAST((b."before:0s" - b."before:24h") AS FLOAT) AS "carrier-delays__landed_24h",
    CAST((b."before:0s" - b."before:7d") AS FLOAT) AS "carrier-delays__landed_7d",
    CAST(CAST((b."before:0s:sum:arr_delay_mean" - b."before:1h:sum:arr_delay_mean") AS DOUBLE) / nullif((b."before:0s:count:arr_delay_mean" - b."before:1h:count:arr_delay_mean"), 0) AS FLOAT) AS "carrier-delays__arr_delay_mean_1h",
    CAST(CAST((b."before:0s:sum:arr_delay_mean" - b."before:6h:sum:arr_delay_mean") AS DOUBLE) / nullif((b."before:0s:count:arr_delay_mean" - b."before:6h:count:arr_delay_mean"), 0) AS FLOAT) AS "carrier-delays__arr_delay_mean_6h",
    CAST(CAST((b."before:0s:sum:arr_delay_mean" - b."before:24h:sum:arr_delay_mean") AS DOUBLE) / nullif((b."before:0s:count:arr_delay_mean" - b."before:24h:count:arr_delay_mean"), 0) AS FLOAT) AS "carrier-delays__arr_delay_mean_24h",
    CAST(CAST((b."before:0s:sum:arr_delay_mean" - b."before:7d:sum:arr_delay_mean") AS DOUBLE) / nullif((b."before:0s:count:arr_delay_mean" - b."before:7d:count:arr_delay_mean"), 0) AS FLOAT) AS "carrier-delays__arr_delay_mean_7d",
    CAST(CAST((b."before:0s:sum:late_rate" - b."before:1h:sum:late_rate") AS DOUBLE) / nullif((b."before:0s:count:late_rate" - b."before:1h:count:late_rate"), 0) AS FLOAT) AS "carrier-delays__late_rate_1h",
    CAST(CAST((b."before:0s:sum:late_rate" - b."before:6h:sum:late_rate") AS DOUBLE) / nullif((b."before:0s:count:late_rate" - b."before:6h:count:late_rate"), 0) AS FLOAT) AS "carrier-delays__late_rate_6h",
    CAST(CAST((b."before:0s:sum:late_rate" - b."before:24h:sum:late_rate") AS DOUBLE) / nullif((b."before:0s:count:late_rate" - b."before:24h:count:late_rate"), 0) AS FLOAT) AS "carrier-delays__late_rate_24h",
    CAST(CAST((b."before:0s:sum:late_rate" - b."before:7d:sum:late_rate") AS DOUBLE) / nullif((b."before:0s:count:late_rate" - b."before:7d:count:late_rate"), 0) AS FLOAT) AS "carrier-delays__late_rate_7d"
FROM "bounds:carrier-delays" AS b
JOIN "points:carrier-delays" AS p ON p.rowid = b.__point
) AS "values:carrier-delays"
    ON r."carrier" = "values:carrier-delays"."carrier" AND r.__timestamp = "values:carrier-delays".__timestamp
LEFT JOIN (
SELECT
    b.__row,
    CAST(CASE WHEN latest.__event >= b.__timestamp - INTERVAL 10800 SECOND THEN latest."value:temp" END AS FLOAT) AS "weather__temp",
    CAST(CASE WHEN latest.__event >= b.__timestamp - INTERVAL 10800 SECOND THEN latest."value:wind_speed" END AS FLOAT) AS "weather__wind_speed",
    CAST(CASE WHEN latest.__event >= b.__timestamp - INTERVAL 10800 SECOND THEN latest."value:foggy" END AS FLOAT) AS "weather__foggy"
FROM "bounds:weather" AS b
JOIN "view:weather" AS latest
    ON latest.file_row_number = b."before:1h" - 1
) AS "values:weather"
    ON r.__row = "values:weather".__row
ORDER BY r.__row;
