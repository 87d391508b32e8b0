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

CREATE TEMP TABLE "points:extremes" AS
SELECT DISTINCT "origin", "carrier", __timestamp
FROM "rows"
WHERE "origin" IS NOT NULL AND "carrier" IS NOT NULL;

CREATE TEMP TABLE "bounds:extremes" AS
WITH steps AS MATERIALIZED (
    SELECT
        "origin",
        "carrier",
        __event,
        file_row_number AS __position,
        __rows,
        "count:mean"
    FROM "view:extremes"
    WHERE __latest
)
SELECT
    p."origin",
    p."carrier",
    p.__timestamp,
    row_number() OVER () AS __point,
    visible.__position AS __last,
    visible.__position - visible.__rows AS __start,
    "before:1h".__position AS "before:1h",
    "before:24h".__position AS "before:24h",
    "before:24h"."count:mean" AS "before:24h:count:mean",
    visible."count:mean" AS "last:count:mean"
FROM "points:extremes" AS p
ASOF JOIN steps AS visible
    ON p."origin" = visible."origin" AND p."carrier" = visible."carrier"
    AND p.__timestamp - INTERVAL 60 SECOND > visible.__event
ASOF LEFT JOIN steps AS "before:1h"
    ON p."origin" = "before:1h"."origin" AND p."carrier" = "before:1h"."carrier"
    AND p.__timestamp - INTERVAL 3600 SECOND > "before:1h".__event
ASOF LEFT JOIN steps AS "before:24h"
    ON p."origin" = "before:24h"."origin" AND p."carrier" = "before:24h"."carrier"
    AND p.__timestamp - INTERVAL 86400 SECOND > "before:24h".__event;

CREATE TEMP TABLE "frames:extremes" AS
SELECT * EXCLUDE (__index) FROM (
    SELECT
        __point,
        __index,
        max("value:latest") OVER "1h" AS "max:latest:1h",
        max("value:latest") OVER "24h" AS "max:latest:24h",
        sum("value:mean") OVER "24h" AS "sum:mean:24h"
    FROM (
        SELECT
            NULL AS __point,
            file_row_number AS __index,
            file_row_number - 1 AS "begin:1h",
            file_row_number AS "end:1h",
            file_row_number - 1 AS "begin:24h",
            file_row_number AS "end:24h",
            "value:latest",
            "value:mean"
        FROM "view:extremes"
        UNION ALL
        SELECT
            __point,
            __point - 1 + (SELECT count(*) FROM "view:extremes"),
            coalesce(b."before:1h", b.__start),
            b.__last,
            coalesce(b."before:24h", b.__start),
            b.__last,
            NULL,
            NULL
        FROM "bounds:extremes" AS b
    )
    WINDOW
        "1h" AS (ORDER BY __index ROWS BETWEEN __index - "begin:1h" - 1 PRECEDING AND __index - "end:1h" PRECEDING),
        "24h" AS (ORDER BY __index ROWS BETWEEN __index - "begin:24h" - 1 PRECEDING AND __index - "end:24h" PRECEDING)
)
WHERE __point IS NOT NULL;

CREATE TEMP TABLE "values:extremes" AS
SELECT
    b."origin",
    b."carrier",
    b.__timestamp,
    CAST(latest."value:latest" AS FLOAT) AS "extremes__latest",
    CAST(f."max:latest:1h" AS FLOAT) AS "extremes__worst_1h",
    CAST(f."max:latest:24h" AS FLOAT) AS "extremes__worst_24h",
    CAST(CAST(f."sum:mean:24h" AS DOUBLE) / nullif((b."last:count:mean" - coalesce(b."before:24h:count:mean", 0)), 0) AS FLOAT) AS "extremes__mean_24h"
FROM "bounds:extremes" AS b
JOIN "view:extremes" AS latest ON latest.file_row_number = b.__last
JOIN "frames:extremes" AS f ON f.__point = b.__point;

SELECT
    r."flight_id",
    r.__timestamp,
    CASE
        WHEN CAST('0x' || substr(sha256('17' || coalesce('|' || strlen(CAST(r."flight_id" AS VARCHAR)) || ':' || CAST(r."flight_id" AS VARCHAR), '|-')), 1, 13) AS BIGINT) < 900719925474099 THEN 'test'
        WHEN CAST('0x' || substr(sha256('17' || coalesce('|' || strlen(CAST(r."flight_id" AS VARCHAR)) || ':' || CAST(r."flight_id" AS VARCHAR), '|-')), 1, 13) AS BIGINT) < 1351079888211149 THEN 'validation'
        ELSE 'train'
    END AS __split,
    r.__label AS "late",
    coalesce(r."carrier", '') AS "carrier",
    CAST(r."distance" AS FLOAT) AS "distance",
    CAST(r."hour" AS FLOAT) AS "hour",
    "values:extremes"."extremes__latest" AS "extremes__latest",
    "values:extremes"."extremes__worst_1h" AS "extremes__worst_1h",
    "values:extremes"."extremes__worst_24h" AS "extremes__worst_24h",
    "values:extremes"."extremes__mean_24h" AS "extremes__mean_24h"
FROM "rows" AS r
LEFT JOIN "values:extremes"
    ON r."origin" = "values:extremes"."origin" AND r."carrier" = "values:extremes"."carrier" AND r.__timestamp = "values:extremes".__timestamp
ORDER BY r.__row
