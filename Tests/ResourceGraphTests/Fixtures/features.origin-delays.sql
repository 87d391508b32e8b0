SELECT
    "origin",
    __event,
    __known,
    __row,
    "value:arr_delay_mean",
    "value:late_rate",
    __latest,
    CAST(__all_rows - max(CASE WHEN __first THEN __all_rows - 1 END) OVER (ROWS UNBOUNDED PRECEDING) AS BIGINT) AS __rows,
    CAST("all:count:arr_delay_mean" - max(CASE WHEN __first THEN "all:count:arr_delay_mean" - CAST("value:arr_delay_mean" IS NOT NULL AS BIGINT) END) OVER (ROWS UNBOUNDED PRECEDING) AS BIGINT) AS "count:arr_delay_mean",
    CAST("all:sum:arr_delay_mean" - arg_max(CASE WHEN __first THEN "all:sum:arr_delay_mean" - coalesce(CAST("value:arr_delay_mean" AS BIGINT), 0) END, CASE WHEN __first THEN __all_rows END) OVER (ROWS UNBOUNDED PRECEDING) AS DECIMAL(38, 0)) AS "sum:arr_delay_mean",
    CAST("all:count:late_rate" - max(CASE WHEN __first THEN "all:count:late_rate" - CAST("value:late_rate" IS NOT NULL AS BIGINT) END) OVER (ROWS UNBOUNDED PRECEDING) AS BIGINT) AS "count:late_rate",
    CAST("all:sum:late_rate" - arg_max(CASE WHEN __first THEN "all:sum:late_rate" - coalesce(CAST("value:late_rate" AS BIGINT), 0) END, CASE WHEN __first THEN __all_rows END) OVER (ROWS UNBOUNDED PRECEDING) AS DECIMAL(38, 0)) AS "sum:late_rate"
FROM (
    SELECT
        *,
        lag("origin") OVER () IS DISTINCT FROM "origin" AS __first,
        lead("origin") OVER () IS DISTINCT FROM "origin" OR lead(__event) OVER () IS DISTINCT FROM __event AS __latest,
        row_number() OVER () AS __all_rows,
        count("value:arr_delay_mean") OVER (ROWS UNBOUNDED PRECEDING) AS "all:count:arr_delay_mean",
        sum(coalesce(CAST("value:arr_delay_mean" AS BIGINT), 0)) OVER (ROWS UNBOUNDED PRECEDING) AS "all:sum:arr_delay_mean",
        count("value:late_rate") OVER (ROWS UNBOUNDED PRECEDING) AS "all:count:late_rate",
        sum(coalesce(CAST("value:late_rate" AS BIGINT), 0)) OVER (ROWS UNBOUNDED PRECEDING) AS "all:sum:late_rate"
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
    )
)
