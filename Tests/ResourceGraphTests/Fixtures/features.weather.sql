SELECT
    "origin",
    __event,
    __known,
    __row,
    "value:temp",
    "value:wind_speed",
    "value:foggy",
    __latest,
    CAST(__all_rows - max(CASE WHEN __first THEN __all_rows - 1 END) OVER (ROWS UNBOUNDED PRECEDING) AS BIGINT) AS __rows
FROM (
    SELECT
        *,
        lag("origin") OVER () IS DISTINCT FROM "origin" AS __first,
        lead("origin") OVER () IS DISTINCT FROM "origin" OR lead(__event) OVER () IS DISTINCT FROM __event AS __latest,
        row_number() OVER () AS __all_rows
    FROM (
SELECT
    "origin",
    __event,
    __known,
    __row,
    "value:temp",
    "value:wind_speed",
    "value:foggy"
FROM (
    SELECT
        "origin",
        CAST("time_hour" AS TIMESTAMP) AS __event,
        CAST("time_hour" AS TIMESTAMP) + INTERVAL 3600 SECOND AS __known,
        file_row_number AS __row,
        "temp" AS "value:temp",
        "wind_speed" AS "value:wind_speed",
        CAST((visib < 1) AS DOUBLE) AS "value:foggy"
    FROM "dataset"
)
WHERE "origin" IS NOT NULL AND __event IS NOT NULL AND __known IS NOT NULL
ORDER BY "origin", __event, __row
    )
)
