import contextlib
import io
import os
import re
import signal
import threading
import unittest
from pathlib import Path
from unittest import mock

from triggers_api import Triggers

from .case import API_URL, ServerCase

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


class Readme(ServerCase):
    def test_the_examples_run_as_printed_one_after_the_other(self):
        self.addCleanup(signal.signal, signal.SIGTERM, signal.getsignal(signal.SIGTERM))
        printed = []
        scope: dict = {}
        with mock.patch.dict(os.environ, {"TRIGGERS_API_URL": API_URL, "TRIGGERS_API_KEY": self.key}):
            for example in EXAMPLES:
                out = io.StringIO()
                if "stop=stop" in example:  # runs until it is told to stop
                    timer = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGTERM))
                    timer.start()
                    self.addCleanup(timer.cancel)
                if "stop" in scope and "work(" in example:
                    scope["triggers"].send("order.late", {})
                    scope["stop"]._is_set = False  # as after a new start
                with contextlib.redirect_stdout(out):
                    exec(compile(example, "README.md", "exec"), scope)
                printed.append(out.getvalue())
        for value in scope.values():
            if isinstance(value, Triggers):
                value.close()
        send, batch, inbox, work, look, errors, numbers, _ = printed
        self.assertRegex(send, r"^evt_\S+ False\n$")
        self.assertEqual(batch, "1200 0 0\n")
        self.assertRegex(inbox, r"^evt_\S+ order.created \{'order_id': '1001', 'amount': 99.99\}\n")
        self.assertIn("handled evt_", work)
        self.assertIn("acknowledged {'order_id': '1001', 'amount': 99.99}\n", look)
        self.assertRegex(errors, r"^validation_failed /event_type req_\S+\n$")
        self.assertEqual(numbers, "99.99\n")
