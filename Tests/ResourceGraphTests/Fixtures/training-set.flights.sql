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

CREATE TEMP TABLE "values:origin-delays" AS
SELECT
    b."origin",
    b.__timestamp,
    CAST((b.__last - coalesce(b."before:1h", b.__start)) AS FLOAT) AS "origin-delays__landed_1h",
    CAST((b.__last - coalesce(b."before:6h", b.__start)) AS FLOAT) AS "origin-delays__landed_6h",
    CAST((b.__last - coalesce(b."before:24h", b.__start)) AS FLOAT) AS "origin-delays__landed_24h",
    CAST((b.__last - coalesce(b."before:7d", b.__start)) AS FLOAT) AS "origin-delays__landed_7d",
    CAST(CAST((b."last:sum:arr_delay_mean" - coalesce(b."before:1h:sum:arr_delay_mean", 0)) AS DOUBLE) / nullif((b."last:count:arr_delay_mean" - coalesce(b."before:1h:count:arr_delay_mean", 0)), 0) AS FLOAT) AS "origin-delays__arr_delay_mean_1h",
    CAST(CAST((b."last:sum:arr_delay_mean" - coalesce(b."before:6h:sum:arr_delay_mean", 0)) AS DOUBLE) / nullif((b."last:count:arr_delay_mean" - coalesce(b."before:6h:count:arr_delay_mean", 0)), 0) AS FLOAT) AS "origin-delays__arr_delay_mean_6h",
    CAST(CAST((b."last:sum:arr_delay_mean" - coalesce(b."before:24h:sum:arr_delay_mean", 0)) AS DOUBLE) / nullif((b."last:count:arr_delay_mean" - coalesce(b."before:24h:count:arr_delay_mean", 0)), 0) AS FLOAT) AS "origin-delays__arr_delay_mean_24h",
    CAST(CAST((b."last:sum:arr_delay_mean" - coalesce(b."before:7d:sum:arr_delay_mean", 0)) AS DOUBLE) / nullif((b."last:count:arr_delay_mean" - coalesce(b."before:7d:count:arr_delay_mean", 0)), 0) AS FLOAT) AS "origin-delays__arr_delay_mean_7d",
    CAST(CAST((b."last:sum:late_rate" - coalesce(b."before:1h:sum:late_rate", 0)) AS DOUBLE) / nullif((b."last:count:late_rate" - coalesce(b."before:1h:count:late_rate", 0)), 0) AS FLOAT) AS "origin-delays__late_rate_1h",
    CAST(CAST((b."last:sum:late_rate" - coalesce(b."before:6h:sum:late_rate", 0)) AS DOUBLE) / nullif((b."last:count:late_rate" - coalesce(b."before:6h:count:late_rate", 0)), 0) AS FLOAT) AS "origin-delays__late_rate_6h",
    CAST(CAST((b."last:sum:late_rate" - coalesce(b."before:24h:sum:late_rate", 0)) AS DOUBLE) / nullif((b."last:count:late_rate" - coalesce(b."before:24h:count:late_rate", 0)), 0) AS FLOAT) AS "origin-delays__late_rate_24h",
    CAST(CAST((b."last:sum:late_rate" - coalesce(b."before:7d:sum:late_rate", 0)) AS DOUBLE) / nullif((b."last:count:late_rate" - coalesce(b."before:7d:count:late_rate", 0)), 0) AS FLOAT) AS "origin-delays__late_rate_7d"
FROM (
WITH steps AS MATERIALIZED (
    SELECT
        "origin",
        __event,
        file_row_number AS __position,
        __rows,
        "count:arr_delay_mean",
        "sum:arr_delay_mean",
        "count:late_rate",
        "sum:late_rate"
    FROM "view:origin-delays"
    WHERE __latest
)
SELECT
    p."origin",
    p.__timestamp,
    visible.__position AS __last,
    visible.__position - visible.__rows AS __start,
    "before:1h".__position AS "before:1h",
    "before:6h".__position AS "before:6h",
    "before:24h".__position AS "before:24h",
    "before:7d".__position AS "before:7d",
    "before:1h"."count:arr_delay_mean" AS "before:1h:count:arr_delay_mean",
    visible."count:arr_delay_mean" AS "last:count:arr_delay_mean",
    "before:1h"."sum:arr_delay_mean" AS "before:1h:sum:arr_delay_mean",
    visible."sum:arr_delay_mean" AS "last:sum:arr_delay_mean",
    "before:6h"."count:arr_delay_mean" AS "before:6h:count:arr_delay_mean",
    "before:6h"."sum:arr_delay_mean" AS "before:6h:sum:arr_delay_mean",
    "before:24h"."count:arr_delay_mean" AS "before:24h:count:arr_delay_mean",
    "before:24h"."sum:arr_delay_mean" AS "before:24h:sum:arr_delay_mean",
    "before:7d"."count:arr_delay_mean" AS "before:7d:count:arr_delay_mean",
    "before:7d"."sum:arr_delay_mean" AS "before:7d:sum:arr_delay_mean",
    "before:1h"."count:late_rate" AS "before:1h:count:late_rate",
    visible."count:late_rate" AS "last:count:late_rate",
    "before:1h"."sum:late_rate" AS "before:1h:sum:late_rate",
    visible."sum:late_rate" AS "last:sum:late_rate",
    "before:6h"."count:late_rate" AS "before:6h:count:late_rate",
    "before:6h"."sum:late_rate" AS "before:6h:sum:late_rate",
    "before:24h"."count:late_rate" AS "before:24h:count:late_rate",
    "before:24h"."sum:late_rate" AS "before:24h:sum:late_rate",
    "before:7d"."count:late_rate" AS "before:7d:count:late_rate",
    "before:7d"."sum:late_rate" AS "before:7d:sum:late_rate"
FROM "points:origin-delays" AS p
ASOF JOIN steps AS visible
    ON p."origin" = visible."origin"
    AND p.__timestamp > visible.__event
ASOF LEFT JOIN steps AS "before:1h"
    ON p."origin" = "before:1h"."origin"
    AND p.__timestamp - INTERVAL 3600 SECOND > "before:1h".__event
ASOF LEFT JOIN steps AS "before:6h"
    ON p."origin" = "before:6h"."origin"
    AND p.__timestamp - INTERVAL 21600 SECOND > "before:6h".__event
ASOF LEFT JOIN steps AS "before:24h"
    ON p."origin" = "before:24h"."origin"
    AND p.__timestamp - INTERVAL 86400 SECOND > "before:24h".__event
ASOF LEFT JOIN steps AS "before:7d"
    ON p."origin" = "before:7d"."origin"
    AND p.__timestamp - INTERVAL 604800 SECOND > "before:7d".__event
) AS b;

CREATE TEMP TABLE "points:carrier-delays" AS
SELECT DISTINCT "carrier", __timestamp
FROM "rows"
WHERE "carrier" IS NOT NULL;

CREATE TEMP TABLE "values:carrier-delays" AS
SELECT
    b."carrier",
    b.__timestamp,
    CAST((b.__last - coalesce(b."before:1h", b.__start)) AS FLOAT) AS "carrier-delays__landed_1h",
    CAST((b.__last - coalesce(b."before:6h", b.__start)) AS FLOAT) AS "carrier-delays__landed_6h",
    CAST((b.__last - coalesce(b."before:24h", b.__start)) AS FLOAT) AS "carrier-delays__landed_24h",
    CAST((b.__last - coalesce(b."before:7d", b.__start)) AS FLOAT) AS "carrier-delays__landed_7d",
    CAST(CAST((b."last:sum:arr_delay_mean" - coalesce(b."before:1h:sum:arr_delay_mean", 0)) AS DOUBLE) / nullif((b."last:count:arr_delay_mean" - coalesce(b."before:1h:count:arr_delay_mean", 0)), 0) AS FLOAT) AS "carrier-delays__arr_delay_mean_1h",
    CAST(CAST((b."last:sum:arr_delay_mean" - coalesce(b."before:6h:sum:arr_delay_mean", 0)) AS DOUBLE) / nullif((b."last:count:arr_delay_mean" - coalesce(b."before:6h:count:arr_delay_mean", 0)), 0) AS FLOAT) AS "carrier-delays__arr_delay_mean_6h",
    CAST(CAST((b."last:sum:arr_delay_mean" - coalesce(b."before:24h:sum:arr_delay_mean", 0)) AS DOUBLE) / nullif((b."last:count:arr_delay_mean" - coalesce(b."before:24h:count:arr_delay_mean", 0)), 0) AS FLOAT) AS "carrier-delays__arr_delay_mean_24h",
    CAST(CAST((b."last:sum:arr_delay_mean" - coalesce(b."before:7d:sum:arr_delay_mean", 0)) AS DOUBLE) / nullif((b."last:count:arr_delay_mean" - coalesce(b."before:7d:count:arr_delay_mean", 0)), 0) AS FLOAT) AS "carrier-delays__arr_delay_mean_7d",
    CAST(CAST((b."last:sum:late_rate" - coalesce(b."before:1h:sum:late_rate", 0)) AS DOUBLE) / nullif((b."last:count:late_rate" - coalesce(b."before:1h:count:late_rate", 0)), 0) AS FLOAT) AS "carrier-delays__late_rate_1h",
    CAST(CAST((b."last:sum:late_rate" - coalesce(b."before:6h:sum:late_rate", 0)) AS DOUBLE) / nullif((b."last:count:late_rate" - coalesce(b."before:6h:count:late_rate", 0)), 0) AS FLOAT) AS "carrier-delays__late_rate_6h",
    CAST(CAST((b."last:sum:late_rate" - coalesce(b."before:24h:sum:late_rate", 0)) AS DOUBLE) / nullif((b."last:count:late_rate" - coalesce(b."before:24h:count:late_rate", 0)), 0) AS FLOAT) AS "carrier-delays__late_rate_24h",
    CAST(CAST((b."last:sum:late_rate" - coalesce(b."before:7d:sum:late_rate", 0)) AS DOUBLE) / nullif((b."last:count:late_rate" - coalesce(b."before:7d:count:late_rate", 0)), 0) AS FLOAT) AS "carrier-delays__late_rate_7d"
FROM (
WITH steps AS MATERIALIZED (
    SELECT
        "carrier",
        __event,
        file_row_number AS __position,
        __rows,
        "count:arr_delay_mean",
        "sum:arr_delay_mean",
        "count:late_rate",
        "sum:late_rate"
    FROM "view:carrier-delays"
    WHERE __latest
)
SELECT
    p."carrier",
    p.__timestamp,
    visible.__position AS __last,
    visible.__position - visible.__rows AS __start,
    "before:1h".__position AS "before:1h",
    "before:6h".__position AS "before:6h",
    "before:24h".__position AS "before:24h",
    "before:7d".__position AS "before:7d",
    "before:1h"."count:arr_delay_mean" AS "before:1h:count:arr_delay_mean",
    visible."count:arr_delay_mean" AS "last:count:arr_delay_mean",
    "before:1h"."sum:arr_delay_mean" AS "before:1h:sum:arr_delay_mean",
    visible."sum:arr_delay_mean" AS "last:sum:arr_delay_mean",
    "before:6h"."count:arr_delay_mean" AS "before:6h:count:arr_delay_mean",
    "before:6h"."sum:arr_delay_mean" AS "before:6h:sum:arr_delay_mean",
    "before:24h"."count:arr_delay_mean" AS "before:24h:count:arr_delay_mean",
    "before:24h"."sum:arr_delay_mean" AS "before:24h:sum:arr_delay_mean",
    "before:7d"."count:arr_delay_mean" AS "before:7d:count:arr_delay_mean",
    "before:7d"."sum:arr_delay_mean" AS "before:7d:sum:arr_delay_mean",
    "before:1h"."count:late_rate" AS "before:1h:count:late_rate",
    visible."count:late_rate" AS "last:count:late_rate",
    "before:1h"."sum:late_rate" AS "before:1h:sum:late_rate",
    visible."sum:late_rate" AS "last:sum:late_rate",
    "before:6h"."count:late_rate" AS "before:6h:count:late_rate",
    "before:6h"."sum:late_rate" AS "before:6h:sum:late_rate",
    "before:24h"."count:late_rate" AS "before:24h:count:late_rate",
    "before:24h"."sum:late_rate" AS "before:24h:sum:late_rate",
    "before:7d"."count:late_rate" AS "before:7d:count:late_rate",
    "before:7d"."sum:late_rate" AS "before:7d:sum:late_rate"
FROM "points:carrier-delays" AS p
ASOF JOIN steps AS visible
    ON p."carrier" = visible."carrier"
    AND p.__timestamp > visible.__event
ASOF LEFT JOIN steps AS "before:1h"
    ON p."carrier" = "before:1h"."carrier"
    AND p.__timestamp - INTERVAL 3600 SECOND > "before:1h".__event
ASOF LEFT JOIN steps AS "before:6h"
    ON p."carrier" = "before:6h"."carrier"
    AND p.__timestamp - INTERVAL 21600 SECOND > "before:6h".__event
ASOF LEFT JOIN steps AS "before:24h"
    ON p."carrier" = "before:24h"."carrier"
    AND p.__timestamp - INTERVAL 86400 SECOND > "before:24h".__event
ASOF LEFT JOIN steps AS "before:7d"
    ON p."carrier" = "before:7d"."carrier"
    AND p.__timestamp - INTERVAL 604800 SECOND > "before:7d".__event
) AS b;

CREATE TEMP TABLE "bounds:weather" AS
WITH steps AS NOT MATERIALIZED (
    SELECT
        "origin",
        __event,
        file_row_number AS __position
    FROM "view:weather"
    WHERE __latest
)
SELECT
    p.__row,
    p.__timestamp,
    visible.__position AS __last
FROM "rows" AS p
ASOF JOIN steps AS visible
    ON p."origin" = visible."origin"
    AND p.__timestamp - INTERVAL 3600 SECOND > visible.__event;

CREATE TEMP TABLE "values:weather" AS
SELECT
    b.__row,
    CAST(CASE WHEN latest.__event >= b.__timestamp - INTERVAL 10800 SECOND THEN latest."value:temp" END AS FLOAT) AS "weather__temp",
    CAST(CASE WHEN latest.__event >= b.__timestamp - INTERVAL 10800 SECOND THEN latest."value:wind_speed" END AS FLOAT) AS "weather__wind_speed",
    CAST(CASE WHEN latest.__event >= b.__timestamp - INTERVAL 10800 SECOND THEN latest."value:foggy" END AS FLOAT) AS "weather__foggy"
FROM "bounds:weather" AS b
JOIN "view:weather" AS latest ON latest.file_row_number = b.__last;

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
LEFT JOIN "values:origin-delays"
    ON r."origin" = "values:origin-delays"."origin" AND r.__timestamp = "values:origin-delays".__timestamp
LEFT JOIN "values:carrier-delays"
    ON r."carrier" = "values:carrier-delays"."carrier" AND r.__timestamp = "values:carrier-delays".__timestamp
LEFT JOIN "values:weather"
    ON r.__row = "values:weather".__row
ORDER BY r.__row
