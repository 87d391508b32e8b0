"""The Python client, with a command in ingot's place that notes what it is asked."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
import unittest

import pyarrow as pa
import pyarrow.parquet as pq

SOURCES = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    "Sources/PythonClient",
)
if SOURCES not in sys.path:
    sys.path.insert(0, SOURCES)

from ingot_client import IngotError, get_features  # noqa: E402

COMMAND = """#!{python}
import json, sys
import pyarrow as pa, pyarrow.parquet as pq
arguments = sys.argv[1:]
with open("{asked}", "w") as file:
    json.dump(arguments, file)
value = lambda name: arguments[arguments.index(name) + 1]
if "broken" in value("--views"):
    sys.exit("error: there is no featureview/broken\\nhint: did you mean 'broke'?")
table = pq.read_table(value("--spine"))
table = table.append_column("weather__temp", pa.array([1.5] * len(table)))
pq.write_table(table, value("--output"))
"""


class ClientTests(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="ingot-client-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.command = os.path.join(self.folder, "ingot")
        self.asked = os.path.join(self.folder, "asked.json")
        with open(self.command, "w") as file:
            file.write(COMMAND.format(python=sys.executable, asked=self.asked))
        os.chmod(self.command, stat.S_IRWXU)
        self.spine = pa.table({"origin": ["EWR", "LGA"], "timestamp": [1, 2]})

    def arguments(self) -> list[str]:
        with open(self.asked) as file:
            found: list[str] = json.load(file)
        return found

    def test_a_table_gives_a_table(self) -> None:
        found = get_features(
            self.spine,
            ["weather", "planes"],
            "main",
            repository="repo",
            state="state",
            timestamp="at",
            command=self.command,
        )
        self.assertEqual(found.column_names, ["origin", "timestamp", "weather__temp"])
        self.assertEqual(found["weather__temp"].to_pylist(), [1.5, 1.5])
        asked = self.arguments()
        self.assertEqual(asked[:2], ["features", "get"])
        options = dict(zip(asked[2::2], asked[3::2], strict=True))
        self.assertFalse(os.path.exists(options.pop("--spine")))
        self.assertFalse(os.path.exists(options.pop("--output")))
        self.assertEqual(
            options,
            {
                "--views": "weather,planes",
                "--timestamp": "at",
                "--revision": "main",
                "--repository": "repo",
                "--state": "state",
            },
        )

    def test_a_file_is_given_as_it_is(self) -> None:
        path = os.path.join(self.folder, "spine.parquet")
        pq.write_table(self.spine, path)
        self.assertEqual(len(get_features(path, ["weather"], command=self.command)), 2)
        self.assertIn(path, self.arguments())

    def test_a_frame_gives_a_frame_with_its_index(self) -> None:
        try:
            import pandas as pd
        except ImportError:
            self.skipTest("pandas is not installed")
        frame = pd.DataFrame({"origin": ["EWR", "LGA"], "timestamp": [1, 2]}, index=[7, 5])
        found = get_features(frame, ["weather"], command=self.command)
        self.assertEqual(list(found.index), [7, 5])
        self.assertEqual(list(found["weather__temp"]), [1.5, 1.5])

    def test_what_the_command_says_is_raised(self) -> None:
        with self.assertRaises(IngotError) as raised:
            get_features(self.spine, ["broken"], command=self.command)
        self.assertEqual(
            str(raised.exception), "there is no featureview/broken\nhint: did you mean 'broke'?"
        )
        with self.assertRaises(IngotError) as raised:
            get_features(self.spine, ["weather"], command=self.folder + "/nothing")
        self.assertEqual(
            str(raised.exception),
            f"cannot run {self.folder}/nothing: No such file or directory\n"
            "hint: put ingot in the PATH, or give its path as 'command'",
        )
        with self.assertRaises(TypeError):
            get_features(self.spine, "weather", command=self.command)


if __name__ == "__main__":
    unittest.main()
