SELECT
    "origin",
    __event,
    __known,
    __row,
    "value:temp",
    "value:wind_speed",
    "value:foggy",
    count(*) OVER up_to_here AS __rows
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
WINDOW up_to_here AS (
    PARTITION BY "origin"
    ORDER BY __event, __known, __row ROWS UNBOUNDED PRECEDING
)
ORDER BY "origin", __event, __known, __row
