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

CREATE TEMP TABLE "totals:extremes:24h" AS
WITH active AS MATERIALIZED (
    SELECT
        "origin",
        "carrier",
        greatest(__event, __known) AS __since,
        __event + INTERVAL 86400 SECOND AS __until,
        1 AS __rows,
        CASE WHEN "value:mean" IS NULL THEN 0 ELSE 1 END AS "count:mean"
    FROM "view:extremes"
    WHERE greatest(__event, __known) < __event + INTERVAL 86400 SECOND
)
SELECT
    "origin",
    "carrier",
    __at,
    sum(sum(__rows)) OVER so_far AS __rows,
    sum(sum("count:mean")) OVER so_far AS "count:mean"
FROM (
    SELECT * EXCLUDE (__since, __until), __since AS __at FROM active
    UNION ALL
    SELECT
        "origin",
        "carrier",
        -__rows,
        -"count:mean",
        __until
    FROM active
)
GROUP BY "origin", "carrier", __at
WINDOW so_far AS (PARTITION BY "origin", "carrier" ORDER BY __at ROWS UNBOUNDED PRECEDING);

CREATE TEMP TABLE "pairs:extremes:1h" AS
SELECT
    p."origin",
    p."carrier",
    p.__timestamp,
    max(w."value:latest") AS "max:latest:1h"
FROM "points:extremes" AS p
JOIN (
    SELECT
        *,
        unnest(range(epoch_us(__since) // 3600000000, epoch_us(__until) // 3600000000 + 1))
            AS __bucket
    FROM (
        SELECT
            "origin",
            "carrier",
            greatest(__event, __known) AS __since,
            __event + INTERVAL 3600 SECOND AS __until,
            "value:latest",
            file_row_number AS __position
        FROM "view:extremes"
        WHERE greatest(__event, __known) < __event + INTERVAL 3600 SECOND
    )
) AS w
    ON p."origin" = w."origin" AND p."carrier" = w."carrier"
    AND epoch_us(p.__timestamp) // 3600000000 = w.__bucket
    AND w.__since < p.__timestamp AND p.__timestamp <= w.__until
GROUP BY p."origin", p."carrier", p.__timestamp;

CREATE TEMP TABLE "pairs:extremes:24h" AS
SELECT
    p."origin",
    p."carrier",
    p.__timestamp,
    max(w."value:latest") AS "max:latest:24h",
    sum(w."value:mean" ORDER BY w.__position) AS "sum:mean:24h"
FROM "points:extremes" AS p
JOIN (
    SELECT
        *,
        unnest(range(epoch_us(__since) // 86400000000, epoch_us(__until) // 86400000000 + 1))
            AS __bucket
    FROM (
        SELECT
            "origin",
            "carrier",
            greatest(__event, __known) AS __since,
            __event + INTERVAL 86400 SECOND AS __until,
            "value:latest",
            "value:mean",
            file_row_number AS __position
        FROM "view:extremes"
        WHERE greatest(__event, __known) < __event + INTERVAL 86400 SECOND
    )
) AS w
    ON p."origin" = w."origin" AND p."carrier" = w."carrier"
    AND epoch_us(p.__timestamp) // 86400000000 = w.__bucket
    AND w.__since < p.__timestamp AND p.__timestamp <= w.__until
GROUP BY p."origin", p."carrier", p.__timestamp;

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
WITH news AS MATERIALIZED (
    SELECT DISTINCT
        "origin",
        "carrier",
        __known,
        max(file_row_number) OVER (
            PARTITION BY "origin", "carrier" ORDER BY __known RANGE UNBOUNDED PRECEDING
        ) AS __position
    FROM "view:extremes"
)
SELECT
    p."origin",
    p."carrier",
    p.__timestamp,
    CAST(latest."value:latest" AS FLOAT) AS "extremes__latest",
    CAST("1h"."max:latest:1h" AS FLOAT) AS "extremes__worst_1h",
    CAST("24h"."max:latest:24h" AS FLOAT) AS "extremes__worst_24h",
    CAST(CAST("24h"."sum:mean:24h" AS DOUBLE) / nullif(coalesce("totals:24h"."count:mean", 0), 0) AS FLOAT) AS "extremes__mean_24h"
FROM "points:extremes" AS p
ASOF LEFT JOIN news ON p."origin" = news."origin" AND p."carrier" = news."carrier"
    AND p.__timestamp > news.__known
LEFT JOIN "view:extremes" AS latest
    ON latest.file_row_number = news.__position
ASOF LEFT JOIN "totals:extremes:24h" AS "totals:24h"
    ON p."origin" = "totals:24h"."origin" AND p."carrier" = "totals:24h"."carrier" AND p.__timestamp > "totals:24h".__at
LEFT JOIN "pairs:extremes:1h" AS "1h"
    ON p."origin" = "1h"."origin" AND p."carrier" = "1h"."carrier"
    AND p.__timestamp = "1h".__timestamp
LEFT JOIN "pairs:extremes:24h" AS "24h"
    ON p."origin" = "24h"."origin" AND p."carrier" = "24h"."carrier"
    AND p.__timestamp = "24h".__timestamp
) AS "values:extremes"
    ON r."origin" = "values:extremes"."origin" AND r."carrier" = "values:extremes"."carrier" AND r.__timestamp = "values:extremes".__timestamp
ORDER BY r.__row;
