"""Makes the sample of the flights data in this folder from the files of manifests/fetch_data.py.

    python3 ../../../manifests/fetch_data.py /tmp/flights
    python3 make_flights_sample.py /tmp/flights flights/data

The sample keeps *every* flight of two carriers in the whole year, as rolling windows of delays need
neighbours: a random tenth of the flights would empty them. US Airways flies from all three
airports, Virgin America from two of them, both to cities in several time zones (Phoenix has no
summer time). The weather is that of all three airports.

Only the columns that the manifests name are kept, under their own names and in their own text,
except that weather values are rounded to two decimals. The same input gives the same bytes.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

CARRIERS = ("US", "VX")
FLIGHT_COLUMNS = [
    *("carrier", "flight", "origin", "dest", "distance", "time_hour", "minute"),
    *("dep_delay", "arr_time", "arr_delay"),
]
WEATHER_COLUMNS = [
    *("origin", "time_hour", "temp", "humid", "wind_speed", "precip", "pressure", "visib"),
]
AIRPORT_COLUMNS = ["faa", "name", "tzone"]


def read(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def write(path: Path, columns: list[str], rows: Iterator[dict[str, str]]) -> None:
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            count += 1
    print(f"{path}: {count:,} rows, {path.stat().st_size:,} bytes")


def shortened(row: dict[str, str]) -> dict[str, str]:
    """10.357019999999999 mph is 9 knots in a longer coat."""
    return {
        name: f"{float(text):.2f}".rstrip("0").rstrip(".") if "." in text else text
        for name, text in row.items()
    }


def main() -> int:
    if len(sys.argv) != 3:
        print(f"usage: {Path(sys.argv[0]).name} RAW-FOLDER SAMPLE-FOLDER", file=sys.stderr)
        return 64
    raw, sample = Path(sys.argv[1]), Path(sys.argv[2])
    sample.mkdir(parents=True, exist_ok=True)
    flights = [row for row in read(raw / "flights.csv") if row["carrier"] in CARRIERS]
    destinations = {row["dest"] for row in flights}
    write(sample / "flights.csv", FLIGHT_COLUMNS, iter(flights))
    weather = (shortened(row) for row in read(raw / "weather.csv"))
    write(sample / "weather.csv", WEATHER_COLUMNS, weather)
    airports = (row for row in read(raw / "airports.csv") if row["faa"] in destinations)
    write(sample / "airports.csv", AIRPORT_COLUMNS, airports)
    return 0


if __name__ == "__main__":
    sys.exit(main())
