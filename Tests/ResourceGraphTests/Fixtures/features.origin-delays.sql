SELECT
    *,
    count("value:arr_delay_mean") OVER (ROWS UNBOUNDED PRECEDING) AS "count:arr_delay_mean",
    CAST(sum(coalesce(CAST("value:arr_delay_mean" AS BIGINT), 0)) OVER (ROWS UNBOUNDED PRECEDING) AS DECIMAL(38, 0)) AS "sum:arr_delay_mean",
    count("value:late_rate") OVER (ROWS UNBOUNDED PRECEDING) AS "count:late_rate",
    CAST(sum(coalesce(CAST("value:late_rate" AS BIGINT), 0)) OVER (ROWS UNBOUNDED PRECEDING) AS DECIMAL(38, 0)) AS "sum:late_rate"
FROM (
SELECT
    "origin",
    __event,
    __known,
    __row,
    "value:arr_delay_mean",
    "value:late_rate"
FROM (
    SELECT
        "origin",
        CAST("landed_at" AS TIMESTAMP) AS __event,
        CAST("landed_at" AS TIMESTAMP) AS __known,
        file_row_number AS __row,
        "arr_delay" AS "value:arr_delay_mean",
        "late" AS "value:late_rate"
    FROM "dataset"
)
WHERE "origin" IS NOT NULL AND __event IS NOT NULL AND __known IS NOT NULL
ORDER BY "origin", __event, __row
);
