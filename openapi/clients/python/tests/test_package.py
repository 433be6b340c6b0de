import re
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import triggers_api

FOLDER = Path(__file__).parent.parent
PROJECT = (FOLDER / "pyproject.toml").read_text(encoding="utf-8")


class Package(unittest.TestCase):
    def test_it_needs_nothing_but_the_standard_library(self):
        self.assertIn("dependencies = []", PROJECT)
        lines = [line for file in FOLDER.glob("triggers_api/*.py") for line in file.read_text(encoding="utf-8").splitlines()]
        modules = {match[1] for line in lines if (match := re.match(r"\s*(?:from|import) (\w+)", line))}
        if sys.version_info >= (3, 10):
            self.assertEqual(modules - set(sys.stdlib_module_names), set())
        self.assertIn("http", modules)

    def test_what_is_exported_is_there(self):
        self.assertGreater(len(triggers_api.__all__), 25)
        for name in triggers_api.__all__:
            self.assertTrue(hasattr(triggers_api, name), name)
        self.assertRegex(triggers_api.__version__, r"^\d+\.\d+\.\d+$")
        self.assertTrue((FOLDER / "triggers_api" / "py.typed").exists())

    def test_it_works_from_a_zip_in_a_clean_interpreter(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "triggers_api.zip"
            with zipfile.ZipFile(path, "w") as archive:
                for file in FOLDER.glob("triggers_api/*"):
                    if file.is_file():
                        archive.write(file, f"triggers_api/{file.name}")
            code = f"import sys; sys.path.insert(0, {str(path)!r}); import triggers_api; print(triggers_api.__version__)"
            done = subprocess.run([sys.executable, "-I", "-W", "error", "-c", code], capture_output=True, text=True)
        self.assertEqual((done.stdout.strip(), done.stderr), (triggers_api.__version__, ""))
