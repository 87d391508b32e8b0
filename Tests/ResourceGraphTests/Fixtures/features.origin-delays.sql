SELECT
    "origin",
    __event,
    __known,
    __row,
    "value:arr_delay_mean",
    "value:late_rate",
    count(*) OVER up_to_here AS __rows,
    count("value:arr_delay_mean") OVER up_to_here AS "count:arr_delay_mean",
    CAST(sum(CAST("value:arr_delay_mean" AS BIGINT)) OVER up_to_here AS DECIMAL(38, 0)) AS "sum:arr_delay_mean",
    count("value:late_rate") OVER up_to_here AS "count:late_rate",
    CAST(sum(CAST("value:late_rate" AS BIGINT)) OVER up_to_here AS DECIMAL(38, 0)) AS "sum:late_rate"
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
WINDOW up_to_here AS (
    PARTITION BY "origin"
    ORDER BY __event, __known, __row ROWS UNBOUNDED PRECEDING
)
ORDER BY "origin", __event, __known, __row
