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
ORDER BY "origin", __event, __row;
