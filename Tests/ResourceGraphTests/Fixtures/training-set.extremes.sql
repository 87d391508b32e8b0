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

-- The table "bounds:extremes": by a binary search for each of these points in the rows of "view:extremes",
-- "before:1m": the entity's rows end, or __event < "time:1m" does, here,
-- "before:1h": the entity's rows end, or __event < "time:1h" does, here,
-- "before:24h": the entity's rows end, or __event < "time:24h" does, here,
-- "before:24h:count:mean": "count:mean" before "before:24h",
-- "before:1m:count:mean": "count:mean" before "before:1m",
-- if "before:1m" > __begin.
SELECT
    p.rowid AS __point,
    o.__begin,
    o.__end,
    p.__timestamp - INTERVAL 60 SECOND AS "time:1m",
    p.__timestamp - INTERVAL 3600 SECOND AS "time:1h",
    p.__timestamp - INTERVAL 86400 SECOND AS "time:24h"
FROM "points:extremes" AS p
JOIN (
    SELECT
        "origin",
        "carrier",
        min(file_row_number) AS __begin,
        max(file_row_number) + 1 AS __end
    FROM "view:extremes"
    GROUP BY "origin", "carrier"
) AS o
    ON p."origin" = o."origin" AND p."carrier" = o."carrier";

CREATE TEMP TABLE "frames:extremes" AS
SELECT * EXCLUDE (__index) FROM (
    SELECT
        __line,
        __index,
        max("value:latest") OVER "1h" AS "max:latest:1h",
        max("value:latest") OVER "24h" AS "max:latest:24h",
        sum("value:mean") OVER "24h" AS "sum:mean:24h"
    FROM (
        SELECT
            NULL AS __line,
            file_row_number AS __index,
            file_row_number AS "begin:1h",
            file_row_number + 1 AS "end:1h",
            file_row_number AS "begin:24h",
            file_row_number + 1 AS "end:24h",
            "value:latest",
            "value:mean"
        FROM "view:extremes"
        UNION ALL
        SELECT
            rowid,
            rowid + (SELECT count(*) FROM "view:extremes"),
            b."before:1h",
            b."before:1m",
            b."before:24h",
            b."before:1m",
            NULL,
            NULL
        FROM "bounds:extremes" AS b
    )
    WINDOW
        "1h" AS (ORDER BY __index ROWS BETWEEN __index - "begin:1h" PRECEDING AND __index - "end:1h" + 1 PRECEDING),
        "24h" AS (ORDER BY __index ROWS BETWEEN __index - "begin:24h" PRECEDING AND __index - "end:24h" + 1 PRECEDING)
)
WHERE __line IS NOT NULL;

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
LEFT JOIN (
SELECT
    p."origin",
    p."carrier",
    p.__timestamp,
    CAST(latest."value:latest" AS FLOAT) AS "extremes__latest",
    CAST(f."max:latest:1h" AS FLOAT) AS "extremes__worst_1h",
    CAST(f."max:latest:24h" AS FLOAT) AS "extremes__worst_24h",
    CAST(CAST(f."sum:mean:24h" AS DOUBLE) / nullif((b."before:1m:count:mean" - b."before:24h:count:mean"), 0) AS FLOAT) AS "extremes__mean_24h"
FROM "bounds:extremes" AS b
JOIN "points:extremes" AS p ON p.rowid = b.__point
JOIN "view:extremes" AS latest
    ON latest.file_row_number = b."before:1m" - 1
JOIN "frames:extremes" AS f ON f.__line = b.rowid
) AS "values:extremes"
    ON r."origin" = "values:extremes"."origin" AND r."carrier" = "values:extremes"."carrier" AND r.__timestamp = "values:extremes".__timestamp
ORDER BY r.__row;
